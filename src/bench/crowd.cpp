#include "bench/crowd.hpp"

#include <utility>

namespace knotos::bench {
namespace {

/// The cursor in the argument of `session_ready`.
std::string cursor_in(std::string_view session) {
  constexpr std::string_view kKey = R"("cursor":")";
  const auto at = session.find(kKey);
  if (at == std::string_view::npos) return {};
  const auto begin = at + kKey.size();
  const auto end = session.find('"', begin);
  return std::string(session.substr(begin, end - begin));
}

}  // namespace

std::uint32_t Crowd::add(std::uint32_t user) {
  const auto number = static_cast<std::uint32_t>(members_.size());
  members_.push_back({.link = std::make_unique<Link>(loop_, target_, owner(), number),
                      .user = user,
                      .due = {},
                      .cursor = {}});
  return number;
}

void Crowd::open_all(const Opening& opening) {
  opening_ = opening;
  times_ = {};
  to_open_.clear();
  for (auto number = members_.size(); number-- > 0;) {
    if (!members_[number].link->is_joined()) to_open_.push_back(static_cast<std::uint32_t>(number));
  }
  began_ = std::chrono::steady_clock::now();
  begun_ = 0;
  open_within_window();
}

SteadyTime Crowd::pace(SteadyTime now) {
  if (to_open_.empty() || opening_.rate <= 0) return SteadyTime::max();
  while (!to_open_.empty()) {
    const std::chrono::duration<double> after(static_cast<double>(begun_) / opening_.rate);
    const auto due = began_ + std::chrono::duration_cast<SteadyTime::duration>(after);
    if (due > now) return due;
    open_next(due);
  }
  return SteadyTime::max();
}

void Crowd::open_within_window() {
  if (opening_.rate > 0) return;
  while (!to_open_.empty() && opening_now_ < opening_.window)
    open_next(std::chrono::steady_clock::now());
}

void Crowd::open_next(SteadyTime due) {
  auto& member = members_[to_open_.back()];
  to_open_.pop_back();
  ++begun_;
  ++opening_now_;
  member.due = due;
  member.link->open(people_.auth(member.user, member.cursor), is_plain_);
}

void Crowd::cut_all() {
  for (auto& member : members_) member.link->close();
  joined_ = 0;
}

void Crowd::on_joined(Link& link, std::string_view session) {
  auto& member = members_[link.number()];
  times_.record(loop_.read_at() - member.due);
  if (opening_.keeps_cursors) member.cursor = cursor_in(session);
  ++joined_;
  --opening_now_;
  open_within_window();
}

void Crowd::on_event(Link& /*link*/, std::string_view packet) {
  if (listener_ != nullptr) listener_->on_event(packet, loop_.read_at());
}

void Crowd::on_ack(Link& /*link*/, std::uint32_t ack_id, std::string_view packet) {
  if (listener_ != nullptr) listener_->on_ack(ack_id, packet, loop_.read_at());
}

void Crowd::on_broken(Link& /*link*/, std::string_view why) {
  trouble_.add("a link: " + std::string(why));
  if (opening_now_ > 0) --opening_now_;
}

}  // namespace knotos::bench
