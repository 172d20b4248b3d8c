#include "server/engine_shard.hpp"

#include "protocol/engineio/payload.hpp"
#include "server/counters.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace knotos::server {

using engineio::SessionState;
using engineio::Transport;

namespace {

constexpr std::size_t kPiecesMax = 256;
constexpr std::size_t kWriteBytesMax = 256 * 1024;
/// A run is no longer than one write takes, nor than this part of a link's budget: so whoever
/// follows one cannot run over the budget meanwhile.
constexpr std::size_t kRunBytesMax = kWriteBytesMax;
constexpr std::size_t kRunDivisor = 4;
/// A shard tells the others of its queues once they have changed by so much: the total is a shared
/// cache line.
constexpr std::int64_t kUnpublishedMax = 64 * 1024;
/// Over the budget of the process, this part of it is freed at once.
constexpr std::int64_t kReliefDivisor = 16;

}  // namespace

void EngineShard::send(EngineLink& link, Packet packet) {
  if (link.is_told || link.is_over || link.is_doomed) return;
  leave_run(link);
  if (link.wants_base64 && packet->has_binary()) packet = PacketBuffer::make_text_only(*packet);
  if (!make_room(link, *packet)) return;
  counters::packets_out.add();
  push(link, std::move(packet));
  check_total();
}

void EngineShard::check_total() {
  if (shared_.outbox_bytes.load(std::memory_order_relaxed) + unpublished_bytes_ >
      static_cast<std::int64_t>(shared_.options.outbox_bytes_total_max)) {
    relieve_process();
  }
}

Run EngineShard::begin_run(const Packet& packet) {
  const Run run(new PacketRun(packet->packet_class()));
  run->charge_to(unpublished_bytes_);
  run->append(*packet);
  return run;
}

void EngineShard::follow(EngineLink& link, const Run& run, const Packet& packet) {
  if (link.is_told || link.is_over || link.is_doomed) return;
  leave_run(link);
  if (!may_follow(link)) {
    run->apart.push_back(link.key);
    return send(link, packet);
  }
  link.outbox.follow_run(run, run->size() - packet->size());
  ++run->readers;
  counters::packets_out.add();
  mark_dirty(link);
}

bool EngineShard::extend(PacketRun& run, const Packet& packet) {
  const bool fits = run.packet_class() == packet->packet_class() &&
                    run.size() + packet->size() <= run_bytes_max();
  if (!fits) return false;
  run.append(*packet);
  counters::packets_out.add(static_cast<std::int64_t>(run.readers));
  for (const auto key : std::exchange(run.apart, {})) {
    if (auto* const link = links_.find(key)) follow(*link, &run, packet);
  }
  check_total();
  return true;
}

bool EngineShard::may_follow(const EngineLink& link) const {
  return link.websocket && !link.websocket->is_blocked() && !link.is_overflowed &&
         !link.wants_base64 &&
         link.outbox.bytes() + run_bytes_max() <= shared_.options.outbox_bytes_max;
}

std::size_t EngineShard::run_bytes_max() const {
  return std::min(kRunBytesMax, shared_.options.outbox_bytes_max / kRunDivisor);
}

/// Before anything else is done with its queue.
void EngineShard::leave_run(EngineLink& link) {
  auto* const run = link.outbox.run();
  if (run == nullptr) return;
  link.outbox.leave_run();
  if (!run->is_open()) return;
  --run->readers;
  run->apart.push_back(link.key);
}

bool EngineShard::is_writable(const EngineLink& link) const {
  if (link.is_told || link.is_over) return false;
  if (link.websocket) return !link.websocket->is_blocked();
  return link.session.poll_is_parked() && link.outbox.empty();
}

bool EngineShard::fits(const EngineLink& link, const PacketBuffer& packet) const {
  const auto factor = packet.packet_class() == PacketClass::control ? 2U : 1U;
  // One packet of any size may wait alone, or a budget below the largest message would let none by.
  return link.outbox.empty() ||
         link.outbox.bytes() + packet.frames().size() <= factor * shared_.options.outbox_bytes_max;
}

bool EngineShard::make_room(EngineLink& link, const PacketBuffer& packet) {
  const auto packet_class = packet.packet_class();
  if (link.is_overflowed && packet_class != PacketClass::control) {
    // The client will be told to sync: what comes before that is covered by it.
    counters::dropped(packet_class).add();
    return false;
  }
  if (fits(link, packet)) return true;
  // Much in one turn is not a slow reader: it gets the chance to take it.
  flush(link);
  if (fits(link, packet)) return true;
  if (packet_class == PacketClass::control) {
    doom(link);
    return false;
  }
  for (const auto dropped : {PacketClass::ephemeral, PacketClass::receipt}) {
    if (packet_class == dropped) {
      counters::dropped(dropped).add();
      return false;
    }
    counters::dropped(dropped).add(static_cast<std::int64_t>(link.outbox.drop(dropped)));
    if (fits(link, packet)) return true;
  }
  counters::dropped(packet_class).add();
  overflow(link);
  return false;
}

void EngineShard::push(EngineLink& link, Packet packet) {
  leave_run(link);
  packet->charge_to(unpublished_bytes_);
  link.outbox.push(std::move(packet));
  mark_dirty(link);
}

void EngineShard::push_next(EngineLink& link, Packet packet) {
  packet->charge_to(unpublished_bytes_);
  link.outbox.push_next(std::move(packet));
  mark_dirty(link);
}

void EngineShard::overflow(EngineLink& link) {
  leave_run(link);
  const auto dropped = link.outbox.drop_all();
  counters::dropped(PacketClass::durable).add(static_cast<std::int64_t>(dropped.durable));
  counters::dropped(PacketClass::receipt).add(static_cast<std::int64_t>(dropped.receipts));
  counters::dropped(PacketClass::ephemeral).add(static_cast<std::int64_t>(dropped.ephemeral));
  counters::slow_readers.add();
  if (std::exchange(link.is_overflowed, true)) return;
  overflowed_.push_back(&link);
  schedule_turn();
}

void EngineShard::doom(EngineLink& link) {
  if (std::exchange(link.is_doomed, true)) return;
  overflowed_.push_back(&link);
  schedule_turn();
}

void EngineShard::relieve_process() {
  publish_bytes();
  const auto limit = static_cast<std::int64_t>(shared_.options.outbox_bytes_total_max);
  const auto target = limit - limit / kReliefDivisor;
  std::vector<EngineLink*> links;
  for (std::uint32_t slot = 0; slot < links_.slots_end(); ++slot) {
    auto* const link = links_.at(slot);
    if (link != nullptr && !link->outbox.empty() && !link->is_overflowed) links.push_back(link);
  }
  std::ranges::sort(links, std::greater{}, [](const auto* link) { return link->outbox.bytes(); });
  for (auto* const link : links) {
    if (shared_.outbox_bytes.load(std::memory_order_relaxed) + unpublished_bytes_ <= target) break;
    overflow(*link);
  }
}

void EngineShard::mark_dirty(EngineLink& link) {
  if (!std::exchange(link.is_dirty, true)) dirty_.push_back(&link);
  schedule_turn();
}

void EngineShard::schedule_turn() {
  if (std::exchange(turn_is_posted_, true)) return;
  shared_.shards.post(index_, [this] { turn(); });
}

void EngineShard::turn() {
  turn_is_posted_ = false;
  ++turn_number_;
  above_.on_turn();
  // Freed when all lists that may name them have been walked.
  const auto links = std::exchange(ended_links_, {});
  const auto transports = std::exchange(ended_transports_, {});
  tell_overflowed();
  dirty_before_.swap(dirty_);
  for (auto* const link : dirty_before_) {
    link->is_dirty = false;
    if (!link->is_over) flush(*link);
  }
  dirty_before_.clear();
  publish_bytes();
}

void EngineShard::tell_overflowed() {
  for (auto* const link : std::exchange(overflowed_, {})) {
    link->is_overflowed = false;
    if (link->is_over || link->is_told) continue;
    if (!link->is_doomed && above_.on_overflow(*link)) continue;
    fail(*link, engineio::SessionEnd::transport_error);
  }
}

void EngineShard::flush(EngineLink& link) {
  if (link.websocket) {
    flush_websocket(link);
  } else if (link.session.poll_is_parked() && !link.outbox.empty()) {
    flush_poll(link);
  }
}

void EngineShard::write_websocket(EngineLink& link) {
  auto& transport = *link.websocket;
  leave_run(link);
  while (!transport.is_blocked() && !link.outbox.empty()) {
    std::array<Link::Piece, kPiecesMax> pieces;
    const auto count = link.outbox.gather(pieces, kWriteBytesMax);
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) offered += pieces[i].size();
    const auto taken = transport.stream().write(std::span(pieces).first(count));
    counters::writes_out.add();
    counters::bytes_out.add(static_cast<std::int64_t>(taken));
    link.outbox.consume(taken);
    transport.set_blocked(taken < offered);
  }
}

void EngineShard::flush_websocket(EngineLink& link) {
  write_websocket(link);
  if (!link.outbox.empty() || link.session.state() != SessionState::closing) return;
  // The close frame is out.
  link.session.closed();
  link.websocket->stream().close();
  retire(std::move(link.websocket));
  end_link(link);
}

void EngineShard::flush_poll(EngineLink& link) {
  auto payload = take_payload(link);
  link.session.poll_answered();
  answer_poll(link, std::move(payload));
}

void EngineShard::answer_poll_last(EngineLink& link, std::string_view farewell) {
  if (!link.outbox.empty()) return flush_poll(link);
  link.session.closed();
  answer_poll(link, std::string(farewell));
  end_link(link);
}

void EngineShard::answer_poll(EngineLink& link, std::string payload) {
  counters::writes_out.add();
  counters::bytes_out.add(static_cast<std::int64_t>(payload.size()));
  answer(link.poll, payload_response(std::move(payload)));
}

std::string EngineShard::take_payload(EngineLink& link) {
  const auto packets_max = shared_.options.poll_packets_max;
  auto& outbox = link.outbox;
  std::string payload;
  std::size_t packets = 0;
  while (!outbox.empty()) {
    const auto& packet = outbox.front();
    // A header and its attachments stay together, even if they alone are more than fits.
    if (packets > 0 && packets + packet.parts() > packets_max) {
      counters::polls_split.add();
      break;
    }
    for (std::size_t i = 0; i < packet.parts(); ++i) {
      if (packet.is_text(i)) {
        engineio::append_text_packet(payload, packet.part(i));
      } else {
        engineio::append_binary_packet(payload, packet.part(i));
      }
    }
    packets += packet.parts();
    outbox.pop_front();
  }
  return payload;
}

/// Between turns.
void EngineShard::publish_many_bytes() {
  if (std::abs(unpublished_bytes_) > kUnpublishedMax) publish_bytes();
}

void EngineShard::publish_bytes() {
  if (unpublished_bytes_ == 0) return;
  shared_.outbox_bytes.fetch_add(unpublished_bytes_, std::memory_order_relaxed);
  counters::outbox_bytes_now.add(unpublished_bytes_);
  unpublished_bytes_ = 0;
}

}  // namespace knotos::server
