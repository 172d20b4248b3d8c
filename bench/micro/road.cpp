// The parts of a message's way, one by one. `build/release/bench/bench-micro`.
#include "bench/frames.hpp"
#include "protocol/socketio/packet.hpp"
#include "protocol/websocket/decoder.hpp"
#include "runtime/mailbox.hpp"
#include "runtime/timer_wheel.hpp"
#include "server/outbox.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace knotos {
namespace {

/// What a client sends: a message of 128 bytes.
std::string send_message() {
  return R"(421["send_message",{"chatId":"0d3c6d5e-6b1f-4f5c-9d39-6b8a1c1d2e3f","type":"text",)"
         R"("clientMessageId":"kb0000002a","content":")" +
         std::string(128, 'x') + R"("}])";
}

void BM_DecodeFrame(benchmark::State& state) {
  std::string bytes;
  bench::append_client_frame(bytes, websocket::Opcode::text, send_message(), 0x5AC3'961E);
  websocket::Decoder decoder({});
  websocket::Scratch scratch;
  for (auto _ : state) {
    std::span<const std::uint8_t> rest(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                       bytes.size());
    auto event = decoder.next(rest, scratch);
    benchmark::DoNotOptimize(event);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(BM_DecodeFrame);

void BM_DecodePacket(benchmark::State& state) {
  const auto text = send_message().substr(1);
  socketio::Packet packet;
  for (auto _ : state) {
    auto decoded = socketio::decode(text, {}, packet);
    benchmark::DoNotOptimize(decoded);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_DecodePacket);

/// One packet to so many outboxes, gathered and taken, as in one turn of a shard.
void BM_FanOut(benchmark::State& state) {
  std::vector<server::Outbox> outboxes(static_cast<std::size_t>(state.range(0)));
  const auto payload = "4" + send_message();
  std::array<server::Link::Piece, 4> pieces;
  for (auto _ : state) {
    const auto packet = server::PacketBuffer::make(server::PacketClass::durable, payload);
    for (auto& outbox : outboxes) outbox.push(packet);
    for (auto& outbox : outboxes) {
      benchmark::DoNotOptimize(outbox.gather(pieces, SIZE_MAX));
      outbox.consume(outbox.bytes());
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_FanOut)->Arg(100)->Arg(10'000);

/// So many packets of one turn to a thousand outboxes, in one run.
void BM_FanOutRun(benchmark::State& state) {
  std::vector<server::Outbox> outboxes(1'000);
  const auto packet = server::PacketBuffer::make(server::PacketClass::durable, send_message());
  std::array<server::Link::Piece, 4> pieces;
  for (auto _ : state) {
    const server::Run run(new server::PacketRun(server::PacketClass::durable));
    run->append(*packet);
    for (auto& outbox : outboxes) outbox.follow_run(run, 0);
    for (std::int64_t i = 1; i < state.range(0); ++i) run->append(*packet);
    for (auto& outbox : outboxes) {
      outbox.leave_run();
      benchmark::DoNotOptimize(outbox.gather(pieces, SIZE_MAX));
      outbox.consume(outbox.bytes());
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * 1'000);
}
BENCHMARK(BM_FanOutRun)->Arg(1)->Arg(64);

void BM_Mailbox(benchmark::State& state) {
  runtime::Mailbox mailbox(65'536);
  std::vector<runtime::Mailbox::Work> batch;
  std::size_t done = 0;
  for (auto _ : state) {
    for (int i = 0; i < 64; ++i) benchmark::DoNotOptimize(mailbox.push([&done] { ++done; }));
    mailbox.take(batch);
    for (auto& work : batch) work();
    batch.clear();
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(BM_Mailbox);

/// A timer a link, moved on as heartbeats do, among so many others.
void BM_TimerWheel(benchmark::State& state) {
  const SteadyTime begin{};
  runtime::TimerWheel wheel(begin);
  for (std::int64_t i = 0; i < state.range(0); ++i)
    benchmark::DoNotOptimize(wheel.add(begin + std::chrono::milliseconds(25'000 + i), [] {}));
  std::int64_t number = 0;
  for (auto _ : state) {
    const auto handle =
        wheel.add(begin + std::chrono::milliseconds(25'000 + number++ % 25'000), [] {});
    wheel.cancel(handle);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_TimerWheel)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace knotos
