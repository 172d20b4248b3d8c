#include "bench/traffic.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace knotos::bench {
namespace {

/// Of messages under way at once; older ones are forgotten.
constexpr std::size_t kFlightsMax = std::size_t{1} << 20U;
/// A server that refuses everything is not asked for ever.
constexpr std::size_t kTroublesMax = 10'000;

/// Begins each text, before the message's number in eight hexadecimal digits.
constexpr std::string_view kTag = "~kb";
constexpr std::size_t kDigits = 8;
constexpr std::string_view kNewMessage = R"(42["new_message",)";

void append_number(std::string& out, std::uint32_t number) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4)
    out += kHex[number >> static_cast<unsigned>(shift) & 0xFU];
}

std::string refusal_in(std::string_view ack) {
  constexpr std::string_view kCode = R"("code":")";
  const auto at = ack.find(kCode);
  if (at == std::string_view::npos) return "a send was refused";
  const auto begin = at + kCode.size();
  const auto code = ack.substr(begin, ack.find('"', begin) - begin);
  return "a send was refused: " + std::string(code);
}

}  // namespace

Traffic::Traffic(const Options& options, const Plan& plan, const People& people, Crowd& crowd,
                 Trouble& trouble)
    : options_(options),
      plan_(plan),
      crowd_(crowd),
      trouble_(trouble),
      receivers_(plan.receivers()),
      flights_(kFlightsMax) {
  for (std::uint32_t room = 0; room < receivers_.size(); ++room) {
    heads_.push_back(R"(["send_message",{"chatId":")" + people.chat(room) +
                     R"(","type":"text","clientMessageId":"kb)");
  }
  tail_ = " ";
  while (tail_.size() + kTag.size() + kDigits < options.text_bytes)
    tail_ += static_cast<char>('a' + static_cast<char>(tail_.size() % 26));
  tail_ += "\"}]";
}

void Traffic::start(SteadyTime now) {
  started_ = now;
  is_sending_ = true;
  if (options_.rate > 0) return;
  const auto lanes = std::min(options_.window, plan_.lanes.size());
  for (std::size_t i = 0; i < options_.window; ++i)
    send(static_cast<std::uint32_t>(i % lanes), now);
}

void Traffic::begin_measuring(SteadyTime now) {
  measured_from_ = now;
  is_counting_ = true;
}

void Traffic::end_measuring(SteadyTime now) {
  measured_until_ = now;
  is_counting_ = false;
}

SteadyTime Traffic::pace(SteadyTime now) {
  if (!is_sending_ || options_.rate <= 0) return SteadyTime::max();
  while (true) {
    const std::chrono::duration<double> after(static_cast<double>(paced_) / options_.rate);
    const auto due = started_ + std::chrono::duration_cast<SteadyTime::duration>(after);
    if (due > now) return due;
    send(static_cast<std::uint32_t>(paced_++ % plan_.lanes.size()), due);
  }
}

void Traffic::send(std::uint32_t lane, SteadyTime due) {
  const auto& [link, room] = plan_.lanes[lane];
  const auto number = ++last_number_;
  auto& flight = flights_[number % kFlightsMax];
  if (!flight.is_over()) {
    trouble_.add("a message was never complete");
    --under_way_;
  }
  flight = {.due = due,
            .number = number,
            .lane = lane,
            .deliveries_left = receivers_[room],
            .is_acked = false};
  ++under_way_;
  if (is_counting_) ++counts_.sent;

  std::string event = heads_[room];
  append_number(event, number);
  event += R"(","content":")";
  event += kTag;
  append_number(event, number);
  event += tail_;
  crowd_.link(link).send(number, event);
}

Traffic::Flight* Traffic::find(std::uint32_t number) {
  auto& flight = flights_[number % kFlightsMax];
  return flight.number == number ? &flight : nullptr;
}

void Traffic::on_event(std::string_view packet, SteadyTime at) {
  if (!packet.starts_with(kNewMessage)) return;
  if (packet.substr(std::min(tag_at_, packet.size()), kTag.size()) != kTag) {
    const auto found = packet.find(kTag);
    if (found == std::string_view::npos) return;
    tag_at_ = found;
  }
  const auto digits = packet.substr(tag_at_ + kTag.size(), kDigits);
  std::uint32_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  auto* const flight = find(number);
  if (flight == nullptr || flight->deliveries_left == 0) {
    ++unexpected_;
    return;
  }
  if (is_counting_) {
    ++counts_.delivered;
    counts_.delivered_bytes += packet.size();
  }
  if (is_timed(*flight)) delivery_times_.record(at - flight->due);
  if (--flight->deliveries_left == 0 && flight->is_acked) complete(*flight, at);
}

void Traffic::on_ack(std::uint32_t ack_id, std::string_view packet, SteadyTime at) {
  auto* const flight = find(ack_id);
  if (flight == nullptr || flight->is_acked) return;
  flight->is_acked = true;
  if (packet.find(R"("ok":false)") != std::string_view::npos) {
    trouble_.add(refusal_in(packet));
    flight->deliveries_left = 0;
    if (trouble_.count() > kTroublesMax) stop();
  } else {
    if (is_counting_) ++counts_.acked;
    if (is_timed(*flight)) ack_times_.record(at - flight->due);
  }
  if (flight->deliveries_left == 0) complete(*flight, at);
}

void Traffic::complete(const Flight& flight, SteadyTime at) {
  --under_way_;
  if (is_counting_) ++counts_.completed;
  if (is_sending_ && options_.rate <= 0) send(flight.lane, at);
}

std::uint64_t Traffic::give_up(SteadyTime now) {
  std::uint64_t missing = 0;
  for (auto& flight : flights_) {
    if (flight.is_over()) continue;
    if (!flight.is_acked) trouble_.add("a send was never answered");
    missing += flight.deliveries_left;
    for (; flight.deliveries_left > 0; --flight.deliveries_left) {
      if (is_timed(flight)) delivery_times_.record(now - flight.due);
    }
    flight.is_acked = true;
  }
  under_way_ = 0;
  return missing;
}

}  // namespace knotos::bench
