#include "app/setting_table.hpp"

#include "adapters/mongo/client.hpp"
#include "adapters/redis/url.hpp"
#include "app/value_text.hpp"

#include <utility>

namespace knotos::app {
namespace {

/// A setting whose text form `parse` and `show` know.
template <class Access>
Setting setting(std::string name, std::string help, Access access) {
  return {.name = std::move(name),
          .help = std::move(help),
          .assign = [access](Config& config,
                             std::string_view text) { return parse_value(text, access(config)); },
          .show =
              [access](const Config& config) {
                auto copy = config;
                return show_value(access(copy));
              }};
}

Setting listen_setting() {
  return {.name = "listen",
          .help = "Address and port to serve on; port 0 takes a free one",
          .assign =
              [](Config& config, std::string_view text) {
                return parse_endpoint(text, config.listen_host, config.listen_port);
              },
          .show =
              [](const Config& config) {
                return show_endpoint(config.listen_host, config.listen_port);
              }};
}

Setting trusted_proxies_setting() {
  return {.name = "trusted-proxies",
          .help =
              "Addresses and networks of proxies whose X-Forwarded-For is believed, "
              "comma separated",
          .assign = [](Config& config, std::string_view text) -> Problem {
            std::vector<std::string> networks;
            if (const auto problem = parse_value(text, networks)) return problem;
            config.trusted_proxies = {};
            for (const auto& network : networks) {
              if (!config.trusted_proxies.add(network))
                return "'" + network + "' is no address and no network";
            }
            return std::nullopt;
          },
          .show = [](const Config& config) { return show_value(config.trusted_proxies.names()); }};
}

/// A time that may be 0, which switches off what it limits.
Setting time_or_never(std::string name, std::string help,
                      std::chrono::milliseconds Config::* member) {
  return {.name = std::move(name),
          .help = std::move(help),
          .assign = [member](Config& config, std::string_view text) -> Problem {
            if (text != "0") return parse_value(text, config.*member);
            config.*member = std::chrono::milliseconds(0);
            return std::nullopt;
          },
          .show = [member](const Config& config) { return show_value(config.*member); }};
}

Setting store_setting() {
  return {.name = "store",
          .help = "Where messages are stored: sqlite (in the data directory) or mongodb://…",
          .assign = [](Config& config, std::string_view text) -> Problem {
            if (text != "sqlite" && !adapters::mongo::is_url(std::string(text)))
              return "it is sqlite, or a URL mongodb://[user:password@]host[:port]/database";
            config.store = text;
            return std::nullopt;
          },
          .show = [](const Config& config) { return without_secrets(config.store); }};
}

Setting bus_setting() {
  return {.name = "bus",
          .help = "What carries events between processes: local, redis://… or redis-cluster://…",
          .assign = [](Config& config, std::string_view text) -> Problem {
            const auto url = adapters::redis::parse_url(text);
            if (text != "local" && !url) return url.error() + "; or it is local";
            config.bus = text;
            return std::nullopt;
          },
          .show = [](const Config& config) { return without_secrets(config.bus); }};
}

Setting role_setting() {
  return {.name = "role",
          .help = "What this process does: all, api (REST), gateway (Socket.IO)",
          .assign = [](Config& config, std::string_view text) -> Problem {
            const auto role = parse_role(text);
            if (!role) return "it is all, api or gateway";
            config.role = *role;
            return std::nullopt;
          },
          .show = [](const Config& config) { return std::string(name_of(config.role)); }};
}

/// Settings in the making.
struct Table {
  std::vector<Setting> all;

  void add(Setting made) { all.push_back(std::move(made)); }
  template <class Access>
  void add(std::string name, std::string help, Access access) {
    all.push_back(setting(std::move(name), std::move(help), access));
  }
};

void add_process(Table& table) {
  table.add(listen_setting());
  table.add("data-dir", "Where SQLite and the signing key are kept",
            [](Config& c) -> auto& { return c.data_dir; });
  table.add(store_setting());
  table.add(bus_setting());
  table.add(role_setting());
  table.add("shards", "Threads that serve; 0: one a core",
            [](Config& c) -> auto& { return c.shards; });
  table.add("tls-cert", "File with the certificate and its chain, in PEM; speaks TLS then",
            [](Config& c) -> auto& { return c.tls_certificate; });
  table.add("tls-key", "File with the certificate's key, in PEM",
            [](Config& c) -> auto& { return c.tls_key; });
  table.add("cors", "Origins that browsers may come from, comma separated, or *",
            [](Config& c) -> auto& { return c.cors_origins; });
  table.add(trusted_proxies_setting());
  table.add("jwt-secret-file",
            "File with the key that signs access tokens; made in the data directory if not given",
            [](Config& c) -> auto& { return c.jwt_secret_file; });
  table.add("drain-ms", "How long a stopping server may take to finish",
            [](Config& c) -> auto& { return c.drain; });
  table.add("drain-retry-after-ms", "When clients of a stopping server should come back",
            [](Config& c) -> auto& { return c.drain_retry_after; });
  table.add("log-level", "debug, info, warning, error",
            [](Config& c) -> auto& { return c.log_level; });
  table.add("log-format", "text or json", [](Config& c) -> auto& { return c.log_format; });
}

void add_chat(Table& table) {
  table.add("rate-messages", "Messages a user may send; 0: no limit",
            [](Config& c) -> auto& { return c.messages.rate_messages; });
  table.add("rate-auth", "Sign-ins an address may try; 0: no limit",
            [](Config& c) -> auto& { return c.rate_auth; });
  table.add("rate-connect", "Links an address may open; 0: no limit",
            [](Config& c) -> auto& { return c.socketio.links_per_address_rate; });
  table.add("rate-events",
            "Events a user may send by Socket.IO, over all devices, beside messages; 0: no limit",
            [](Config& c) -> auto& { return c.gateway.rate_events; });
  table.add("rate-marks", "Marks of read and delivered a user may send; 0: no limit",
            [](Config& c) -> auto& { return c.own.rates.marks; });
  table.add("rate-state", "Changes of own chat states a user may make; 0: no limit",
            [](Config& c) -> auto& { return c.own.rates.state; });
  table.add("rate-chats", "Chats a user may make; 0: no limit",
            [](Config& c) -> auto& { return c.own.rates.chats; });
  table.add("rate-people", "Changes of profile, contacts, blocks a user may make; 0: no limit",
            [](Config& c) -> auto& { return c.own.rates.people; });
  table.add("rate-sync", "Syncs a user may ask for; 0: no limit",
            [](Config& c) -> auto& { return c.own.rates.sync; });
  table.add("rate-account", "Exports and deletions a user may ask for; 0: no limit",
            [](Config& c) -> auto& { return c.own.rates.account; });
  table.add("rate-members", "Changes of members, invites, titles a user may make; 0: no limit",
            [](Config& c) -> auto& { return c.own.rates.members; });
  table.add("rate-changes", "Reactions, pins and deletions a user may make; 0: no limit",
            [](Config& c) -> auto& { return c.own.rates.changes; });
  table.add("receipt-members-max", "Members of a chat up to which receipts are told",
            [](Config& c) -> auto& { return c.own.receipt_members_max; });
  table.add("export-messages-max", "Messages of one page of an export",
            [](Config& c) -> auto& { return c.own.account_end.export_messages_max; });
  table.add("access-token-life-ms", "How long an access token is valid",
            [](Config& c) -> auto& { return c.accounts.access_token_life; });
  table.add("refresh-token-life-ms", "How long a refresh token is valid",
            [](Config& c) -> auto& { return c.accounts.refresh_token_life; });
  table.add("content-code-points-max", "Characters of a message",
            [](Config& c) -> auto& { return c.messages.content.code_points_max; });
  table.add("content-bytes-max", "Bytes of a message",
            [](Config& c) -> auto& { return c.messages.content.bytes_max; });
  table.add("change-window-ms", "How long an author may edit and delete a message",
            [](Config& c) -> auto& { return c.messages.change_window; });
  table.add("group-members-max", "Members of a group",
            [](Config& c) -> auto& { return c.chats.group_members_max; });
  table.add("invites-max", "Links into a group that can be used at once",
            [](Config& c) -> auto& { return c.members.invites_max; });
  table.add("waiting-writes-max", "Writes of one chat that may wait",
            [](Config& c) -> auto& { return c.messages.waiting_writes_max; });
}

void add_presence(Table& table) {
  table.add("presence-grace-ms", "How long a user without a link still counts as there",
            [](Config& c) -> auto& { return c.gateway.attendance.grace; });
  table.add("presence-heartbeat-ms", "Time between two words of this process on who is there",
            [](Config& c) -> auto& { return c.gateway.attendance.heartbeat; });
  table.add("presence-lifetime-ms", "How long such a word is believed",
            [](Config& c) -> auto& { return c.gateway.attendance.lifetime; });
  table.add("presence-update-pause-ms", "Time between two updates on one user for one socket",
            [](Config& c) -> auto& { return c.gateway.presence.told_pause; });
  table.add("presence-subjects-max", "Users whose presence one socket may watch",
            [](Config& c) -> auto& { return c.gateway.presence_subjects_max; });
  table.add("typists-per-chat-max", "Users shown as typing in a chat at once",
            [](Config& c) -> auto& { return c.gateway.typing.typists_per_chat_max; });
}

void add_links(Table& table) {
  table.add("ping-interval-ms", "Time between heartbeats",
            [](Config& c) -> auto& { return c.socketio.ping_interval; });
  table.add("ping-timeout-ms", "Time for the answer to a heartbeat",
            [](Config& c) -> auto& { return c.socketio.ping_timeout; });
  table.add("upgrade-timeout-ms", "Time for polling to become WebSocket",
            [](Config& c) -> auto& { return c.socketio.upgrade_timeout; });
  table.add(time_or_never("recovery-ms",
                          "How long a lost session may come back to where it was; 0: never",
                          &Config::recovery));
  table.add("recovery-sessions-max", "Lost sessions kept for that, per shard",
            [](Config& c) -> auto& { return c.socketio.recovery.sessions_max; });
  table.add("recovery-log-events-max", "Events kept for lost sessions, per shard",
            [](Config& c) -> auto& { return c.socketio.recovery.log_events_max; });
  table.add("recovery-log-bytes-max", "Bytes of events kept for lost sessions, per shard",
            [](Config& c) -> auto& { return c.socketio.recovery.log_bytes_max; });
  table.add("connect-timeout-ms", "Time for a link to join a namespace",
            [](Config& c) -> auto& { return c.socketio.connect_timeout; });
  table.add("payload-bytes-max", "Bytes of one message or polling body",
            [](Config& c) -> auto& { return c.socketio.payload_bytes_max; });
  table.add("fragments-max", "Frames of one WebSocket message",
            [](Config& c) -> auto& { return c.socketio.fragments_max; });
  table.add("poll-packets-max", "Packets in one polling response",
            [](Config& c) -> auto& { return c.socketio.poll_packets_max; });
  table.add("attachments-max", "Attachments of one packet",
            [](Config& c) -> auto& { return c.socketio.attachments_max; });
  table.add("json-depth-max", "Arrays and objects in each other, of one packet",
            [](Config& c) -> auto& { return c.socketio.json_depth_max; });
  table.add("attachment-bytes-max", "Bytes of all attachments of one packet",
            [](Config& c) -> auto& { return c.socketio.attachment_bytes_max; });
  table.add("namespaces-per-link-max", "Namespaces of one link",
            [](Config& c) -> auto& { return c.socketio.namespaces_per_link_max; });
  table.add("connects-refused-max", "CONNECTs of one link that may be refused before it ends",
            [](Config& c) -> auto& { return c.socketio.connects_refused_max; });
  table.add("connects-max", "CONNECTs of one link in ten seconds before it ends",
            [](Config& c) -> auto& { return c.socketio.connects_max; });
  table.add("links-per-address-max", "Links an address may have open; 0: no limit",
            [](Config& c) -> auto& { return c.socketio.links_per_address_max; });
  table.add("inbox-events-max", "Events of one link begun and not finished",
            [](Config& c) -> auto& { return c.socketio.inbox_events_max; });
  table.add("asks-max", "Answers that one socket may owe",
            [](Config& c) -> auto& { return c.socketio.asks_max; });
  table.add("flush-timeout-ms", "Time for a link that is ended to take what waits for it",
            [](Config& c) -> auto& { return c.socketio.flush_timeout; });
  table.add("outbox-bytes-max", "Bytes that may wait for one slow reader",
            [](Config& c) -> auto& { return c.socketio.outbox_bytes_max; });
  table.add("outbox-bytes-total-max", "Memory of what may wait for all slow readers",
            [](Config& c) -> auto& { return c.socketio.outbox_bytes_total_max; });
}

void add_http(Table& table) {
  table.add("connections-max", "Connections at once",
            [](Config& c) -> auto& { return c.http.connections_max; });
  table.add("header-bytes-max", "Bytes of a request's headers",
            [](Config& c) -> auto& { return c.http.header_bytes_max; });
  table.add("body-bytes-max", "Bytes of a REST request's body",
            [](Config& c) -> auto& { return c.http.body_bytes_max; });
  table.add("header-timeout-ms", "Time for a request's headers",
            [](Config& c) -> auto& { return c.http.header_timeout; });
  table.add("tls-handshake-timeout-ms", "Time for a TLS handshake",
            [](Config& c) -> auto& { return c.http.tls_handshake_timeout; });
  table.add("body-timeout-ms", "Time for a request's body",
            [](Config& c) -> auto& { return c.http.body_timeout; });
  table.add("keep-alive-timeout-ms", "Time between two requests",
            [](Config& c) -> auto& { return c.http.keep_alive_timeout; });
  table.add("write-timeout-ms", "Time for a peer to take a response",
            [](Config& c) -> auto& { return c.http.write_timeout; });
}

void add_bus(Table& table) {
  table.add("bus-queue-bytes-max", "Bytes of commands that may wait for Redis",
            [](Config& c) -> auto& { return c.redis.servers.commands.bytes_max; });
  table.add("bus-unheard-bytes-max", "Bytes of other processes' events that may wait to be heard",
            [](Config& c) -> auto& { return c.redis.unheard_bytes_max; });
  table.add("bus-silence-ms", "How long Redis may say nothing before its connection counts as dead",
            [](Config& c) -> auto& { return c.redis.servers.connection.silence_max; });
}

void add_store(Table& table) {
  table.add("store-connections", "Connections to MongoDB, each for one call at a time",
            [](Config& c) -> auto& { return c.mongo.threads; });
  table.add("store-waiting-max", "Calls that may wait for a connection to MongoDB",
            [](Config& c) -> auto& { return c.mongo.waiting_max; });
  table.add("store-select-timeout-ms", "How long a call may look for a MongoDB that takes writes",
            [](Config& c) -> auto& { return c.mongo.select_timeout; });
  table.add("store-socket-timeout-ms", "How long MongoDB may take to answer a call",
            [](Config& c) -> auto& { return c.mongo.socket_timeout; });
}

}  // namespace

std::vector<Setting> make_settings() {
  Table table;
  add_process(table);
  add_chat(table);
  add_presence(table);
  add_links(table);
  add_http(table);
  add_store(table);
  add_bus(table);
  return std::move(table.all);
}

}  // namespace knotos::app
