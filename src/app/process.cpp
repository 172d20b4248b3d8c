#include "app/process.hpp"

#include "adapters/crypto/jwt_tokens.hpp"
#include "adapters/crypto/secret_file.hpp"
#include "adapters/crypto/sodium_password_hasher.hpp"
#include "adapters/system/system_clock.hpp"
#include "adapters/system/system_random.hpp"
#include "api/api.hpp"
#include "api/operation_routes.hpp"
#include "app/carriers.hpp"
#include "app/storage.hpp"
#include "app/value_text.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "gateway/gateway.hpp"
#include "runtime/http_server.hpp"
#include "runtime/shard_pool.hpp"
#include "server/server.hpp"
#include "services/member_service.hpp"
#include "webapp/embedded_pack.hpp"
#include "webapp/webapp.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

namespace knotos::app {
namespace {

/// How long links may take to write what waits for them, once everything else is done.
constexpr auto kFlushTime = std::chrono::seconds(5);
/// How long connections that are closed may take to hear it.
constexpr auto kCloseTime = std::chrono::seconds(1);
/// How often the drain looks whether something is finished.
constexpr auto kDrainStep = std::chrono::milliseconds(10);
/// The exit code of a shell for a process that SIGINT ended.
constexpr int kInterrupted = 130;

/// As many descriptors as the system lets us have: a link each.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

adapters::crypto::Secret signing_secret(const Config& config) {
  const auto file = config.signing_secret_file();
  return config.jwt_secret_file.empty() ? adapters::crypto::load_or_make_secret(file)
                                        : adapters::crypto::load_secret(file);
}

std::shared_ptr<runtime::TlsCertificate> load_certificate(const Config& config) {
  if (config.tls_certificate.empty()) return nullptr;
  return std::make_shared<runtime::TlsCertificate>(
      runtime::TlsCertificate::Files{.certificate = config.tls_certificate, .key = config.tls_key});
}

server::Options socketio_options(const Config& config) {
  auto options = config.socketio;
  options.cors_origins = config.cors_origins;
  options.recovery.is_on = config.recovery.count() > 0;
  options.recovery.disconnection_max = config.recovery;
  return options;
}

gateway::Gateway::Limits gateway_limits(const Config& config) {
  auto limits = config.gateway;
  limits.content = config.messages.content;
  limits.recovers = config.recovery.count() > 0;
  return limits;
}

services::MessageService::Limits message_limits(const Config& config) {
  auto limits = config.messages;
  limits.group_members_max = config.chats.group_members_max;
  return limits;
}

services::MemberService::Limits member_limits(const Config& config) {
  auto limits = config.members;
  limits.group_members_max = config.chats.group_members_max;
  return limits;
}

/// The whole process, built in the order of its members and taken down in the reverse order.
class Process {
 public:
  explicit Process(const Config& config);

  /// Serves until a signal, then drains. Returns the exit code.
  int run();

 private:
  void mount();
  void mount_sockets();
  void serve(std::shared_ptr<server::HttpExchange> exchange);
  [[nodiscard]] Task<void> wait_for_signals();
  void reload_certificate();
  [[nodiscard]] Task<void> drain();
  /// Writes and marks that have no answer of the store yet.
  [[nodiscard]] std::size_t in_flight() const;
  [[nodiscard]] Task<std::size_t> links();
  [[nodiscard]] Task<std::size_t> links_here();

  Config config_;
  adapters::system::SystemClock clock_;
  adapters::system::SystemRandom random_;

  std::shared_ptr<runtime::TlsCertificate> certificate_;  ///< Null: no TLS.
  // Outlives whatever answers on it: calls of a store that is away end after the drain.
  runtime::ShardPool shards_;
  // Comes before the rest, since it refuses a data directory that is in use.
  Storage storage_;
  adapters::crypto::JwtTokens tokens_;
  adapters::crypto::SodiumPasswordHasher passwords_;

  Carriers carriers_;

  services::AccountService accounts_;
  services::ChatService chats_;
  services::MessageService messages_;
  services::OwnServices own_;
  services::MemberService members_;
  services::PresenceService presence_;

  server::Server socketio_;
  gateway::Gateway gateway_;
  std::atomic<bool> is_draining_ = false;
  bool is_anybody_left_ = false;  ///< After the drain.
  api::Api api_;
  webapp::Webapp webapp_;
  runtime::HttpServer http_;
  boost::asio::io_context signal_loop_;  ///< Of the main thread: signals and the drain.
};

Process::Process(const Config& config)
    : config_(config),
      certificate_(load_certificate(config)),
      shards_(config.shards == 0 ? cores() : config.shards),
      storage_(config),
      tokens_(signing_secret(config)),
      passwords_({.threads = cores()}),
      carriers_(config, {.shards = shards_, .clock = clock_, .random = random_}),
      accounts_({.accounts = storage_.accounts(),
                 .chats = storage_.chats(),
                 .passwords = passwords_,
                 .tokens = tokens_,
                 .bus = carriers_.bus(),
                 .clock = clock_,
                 .random = random_},
                config.accounts),
      chats_({.chats = storage_.chats(),
              .relations = storage_.people(),
              .bus = carriers_.bus(),
              .clock = clock_,
              .random = random_},
             config.chats),
      messages_({.shards = shards_,
                 .log = storage_.log(),
                 .messages = storage_.messages(),
                 .states = storage_.states(),
                 .relations = storage_.people(),
                 .bus = carriers_.bus(),
                 .clock = clock_,
                 .random = random_,
                 .rate_board = carriers_.rate_board()},
                message_limits(config)),
      own_({.shards = shards_,
            .account_store = storage_.accounts(),
            .people = storage_.people(),
            .states = storage_.states(),
            .syncs = storage_.syncs(),
            .chats = storage_.chats(),
            .messages = storage_.messages(),
            .bus = carriers_.bus(),
            .clock = clock_,
            .accounts = accounts_,
            .writes = messages_,
            .rate_board = carriers_.rate_board()},
           config.own),
      members_({.messages = messages_,
                .states = own_.states,
                .log = storage_.log(),
                .chats = storage_.chats(),
                .invites = storage_.invites(),
                .clock = clock_,
                .random = random_},
               member_limits(config)),
      presence_({.people = storage_.people(), .chats = storage_.chats()}),
      socketio_(shards_, shards_.all_timers(), socketio_options(config),
                [this](std::span<std::uint8_t> out) { random_.fill(out); }),
      gateway_({.shards = shards_,
                .timers = shards_.all_timers(),
                .server = socketio_,
                .accounts = accounts_,
                .chats = chats_,
                .messages = messages_,
                .presence = presence_,
                .own = own_,
                .chat_store = storage_.chats(),
                .state_store = storage_.states(),
                .message_store = storage_.messages(),
                .sync_store = storage_.syncs(),
                .people = storage_.people(),
                .presence_board = carriers_.presence_board(),
                .bus = carriers_.bus(),
                .clock = clock_,
                .random = random_,
                .rate_board = carriers_.rate_board()},
               gateway_limits(config)),
      api_({.accounts = accounts_,
            .chats = chats_,
            .messages = messages_,
            .own = own_,
            .members = members_,
            .shards = shards_,
            .clock = clock_,
            .random = random_},
           {.content = config.messages.content,
            .rate_auth = config.rate_auth,
            .rate_messages = config.messages.rate_messages,
            .group_members_max = config.chats.group_members_max,
            .cors_origins = config.cors_origins,
            .version = std::string(kVersion)},
           [this] {
             return api::Readiness{.is_draining = is_draining_,
                                   .store_accepts_writes = storage_.accepts_writes()};
           }),
      webapp_(webapp::embedded_pack()),
      http_(shards_, config.http, config.trusted_proxies) {
  mount();
}

void Process::mount() {
  if (config_.role != Role::api) mount_sockets();
  http_.mount(
      "/", [this](std::shared_ptr<server::HttpExchange> exchange) { serve(std::move(exchange)); },
      std::nullopt,
      [this](const http::Request&, unsigned status, std::string_view text) {
        return api_.refuse(status, text);
      });
}

void Process::mount_sockets() {
  http_.mount(
      config_.socketio.path,
      [this](std::shared_ptr<server::HttpExchange> exchange) {
        socketio_.serve(std::move(exchange));
      },
      config_.socketio.payload_bytes_max,
      [this](const http::Request& head, unsigned status, std::string_view) {
        return socketio_.refuse_body(head, status);
      },
      [this](auto arrival) { socketio_.arrive(std::move(arrival)); });
}

void Process::serve(std::shared_ptr<server::HttpExchange> exchange) {
  const auto path = exchange->request().path();
  if (config_.role == Role::gateway && !api::OperationRoutes::owns(path)) {
    return exchange->respond(
        api_.refuse(fail(Errc::not_found, "This server is a gateway: it serves no REST.").error()));
  }
  if (webapp_.owns(path)) return exchange->respond(webapp_.respond(exchange->request()));
  api_.serve(std::move(exchange));
}

int Process::run() {
  shards_.start();
  const auto port = http_.listen(config_.listen_host, config_.listen_port, certificate_);
  log::info("ready", {{"listen", show_endpoint(config_.listen_host, port)},
                      {"store", without_secrets(config_.store)},
                      {"data", config_.data_dir},
                      {"role", name_of(config_.role)},
                      {"bus", without_secrets(config_.bus)},
                      {"shards", shards_.count()},
                      {"tls", certificate_ != nullptr},
                      {"version", kVersion}});

  spawn(signal_loop_.get_executor(), "signals", wait_for_signals());
  signal_loop_.run();

  http_.close_all();
  shards_.stop();
  if (is_anybody_left_ && !config_.is_on_sqlite()) {
    // A call of MongoDB can only be waited for, up to its own time-out, and nobody is there to hear
    // of it. What it began is completed by the other processes, as after a crash.
    log::warning("calls of the store were left when the time to drain was over");
    log::flush();
    _exit(EXIT_SUCCESS);
  }
  log::info("stopped");
  log::flush();
  return EXIT_SUCCESS;
}

Task<void> Process::wait_for_signals() {
  boost::asio::signal_set signals(signal_loop_, SIGTERM, SIGINT, SIGHUP);
  while (co_await signals.async_wait(boost::asio::use_awaitable) == SIGHUP) reload_certificate();
  boost::system::error_code ignored;
  signals.remove(SIGHUP, ignored);
  // A second signal ends the process where it stands: nothing that was acked depends on a good end.
  signals.async_wait([](const boost::system::error_code& ec, int) {
    if (!ec) _exit(kInterrupted);
  });
  co_await drain();
  signal_loop_.stop();
}

void Process::reload_certificate() {
  if (!certificate_) return log::info("SIGHUP: there is no TLS certificate to load again");
  if (const auto problem = certificate_->reload()) {
    log::error("the TLS certificate stays as it was", {{"cause", *problem}});
  } else {
    log::info("the TLS certificate was loaded again", {{"file", config_.tls_certificate}});
  }
}

/// SEMANTICS section 4: not ready any more, clients told, new writes refused, those begun finished
/// and acked, then links closed without a DISCONNECT, so that clients come back by themselves.
Task<void> Process::drain() {
  const auto deadline = clock_.steady_now() + config_.drain;
  log::info("draining", {{"withinMs", config_.drain.count()}});
  is_draining_ = true;
  socketio_.stop_accepting();
  messages_.drain(config_.drain_retry_after);
  gateway_.announce_drain(config_.drain_retry_after);

  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  const auto step = [&timer] {
    timer.expires_after(kDrainStep);
    return timer.async_wait(boost::asio::use_awaitable);
  };
  while (in_flight() > 0 && clock_.steady_now() < deadline) co_await step();

  for (std::size_t shard = 0; shard < shards_.count(); ++shard) {
    shards_.post(shard,
                 [this] { socketio_.close_links(server::CloseReason::server_shutting_down); });
  }
  const auto flush_deadline = std::min(deadline, clock_.steady_now() + kFlushTime);
  auto left = co_await links();
  while (left > 0 && clock_.steady_now() < flush_deadline) {
    co_await step();
    left = co_await links();
  }
  if (left > 0) log::warning("links were cut", {{"links", left}});
  // A connection that is closed with bytes unread is reset, and the reset may overtake the answer.
  http_.stop_accepting();
  const auto close_deadline = std::min(deadline, clock_.steady_now() + kCloseTime);
  while (http_.connections() > 0 && clock_.steady_now() < close_deadline) co_await step();
  is_anybody_left_ = in_flight() > 0 || http_.connections() > 0;
}

std::size_t Process::in_flight() const {
  return messages_.writes_in_flight() + own_.reading.marks_in_flight();
}

Task<std::size_t> Process::links() {
  std::size_t sum = 0;
  for (std::size_t shard = 0; shard < shards_.count(); ++shard) {
    sum += co_await run_on(shards_, shard, links_here());
  }
  co_return sum;
}

Task<std::size_t> Process::links_here() { co_return socketio_.links(); }

}  // namespace

int serve(const Config& config) {
  log::configure(config.log_level, config.log_format);
  raise_descriptor_limit();
  Process process(config);
  return process.run();
}

}  // namespace knotos::app
