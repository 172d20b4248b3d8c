#pragma once

#include "bench/histogram.hpp"
#include "bench/link.hpp"
#include "bench/people.hpp"
#include "bench/trouble.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace knotos::bench {

/// What the joined links of a crowd hear.
class Listener {
 public:
  virtual ~Listener() = default;
  /// `at` is when the bytes came.
  virtual void on_event(std::string_view packet, SteadyTime at) = 0;
  virtual void on_ack(std::uint32_t ack_id, std::string_view packet, SteadyTime at) = 0;
};

/// All links of a run: opens them a bounded number at a time or at a rate, and again after they
/// were cut. On the loop's thread.
class Crowd final : private LinkOwner {
 public:
  struct Opening {
    std::size_t window = 64;  ///< How many are on their way at once.
    double rate = 0;          ///< Links a second, each timed from when it was due; 0: the window.
    bool keeps_cursors = false;
  };

  Crowd(Loop& loop, const Target& target, const People& people, bool is_plain, Trouble& trouble)
      : loop_(loop), target_(target), people_(people), is_plain_(is_plain), trouble_(trouble) {}

  /// One link more, not yet open. Returns its number.
  std::uint32_t add(std::uint32_t user);
  void set_listener(Listener* listener) { listener_ = listener; }

  /// Opens whatever is not open. With cursors, those that were open before say how far they got.
  void open_all(const Opening& opening);
  /// Opens what is due. For the loop's pacer; answers when it is due again.
  SteadyTime pace(SteadyTime now);
  /// Cuts all of them as a network would: without a word.
  void cut_all();

  [[nodiscard]] Link& link(std::uint32_t number) { return *members_[number].link; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] std::size_t joined() const { return joined_; }
  /// Whether each link that was to be opened is in, or failed.
  [[nodiscard]] bool is_open() const { return to_open_.empty() && opening_now_ == 0; }
  /// How long the last `open_all` took each of them.
  [[nodiscard]] const Histogram& times() const { return times_; }

 private:
  struct Member {
    std::unique_ptr<Link> link;
    std::uint32_t user = 0;
    SteadyTime due;
    std::string cursor;
  };

  void on_joined(Link& link, std::string_view session) override;
  void on_event(Link& link, std::string_view packet) override;
  void on_ack(Link& link, std::uint32_t ack_id, std::string_view packet) override;
  void on_broken(Link& link, std::string_view why) override;
  void open_next(SteadyTime due);
  void open_within_window();
  [[nodiscard]] LinkOwner& owner() { return *this; }

  Loop& loop_;
  const Target& target_;
  const People& people_;
  bool is_plain_;
  Trouble& trouble_;
  Listener* listener_ = nullptr;
  Opening opening_;
  SteadyTime began_;
  std::size_t begun_ = 0;
  std::vector<Member> members_;
  std::vector<std::uint32_t> to_open_;  ///< From the back.
  std::size_t opening_now_ = 0;
  std::size_t joined_ = 0;
  Histogram times_;
};

}  // namespace knotos::bench
