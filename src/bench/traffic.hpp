#pragma once

#include "bench/crowd.hpp"
#include "bench/histogram.hpp"
#include "bench/options.hpp"
#include "bench/people.hpp"
#include "bench/plan.hpp"
#include "bench/trouble.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::bench {

/// Sends messages and watches each until its sender has the ack and every member the message.
///
/// Open loop (`rate`): messages go out when they are due, whatever the server does, and all times
/// count from then, so a server that stalls pays for all that fell due meanwhile. Closed loop
/// (`window`): so many are under way at once, and the next goes out as one is complete.
class Traffic final : public Listener {
 public:
  struct Counts {
    std::uint64_t sent = 0;
    std::uint64_t completed = 0;
    std::uint64_t acked = 0;
    std::uint64_t delivered = 0;
    std::uint64_t delivered_bytes = 0;
  };

  Traffic(const Options& options, const Plan& plan, const People& people, Crowd& crowd,
          Trouble& trouble);

  void start(SteadyTime now);
  /// What follows is measured: counted as it happens, timed if it is due from now on.
  void begin_measuring(SteadyTime now);
  void end_measuring(SteadyTime now);
  /// Sends what is due; answers when it is due again.
  SteadyTime pace(SteadyTime now);
  void stop() { is_sending_ = false; }

  /// Nothing is under way.
  [[nodiscard]] bool is_quiet() const { return under_way_ == 0; }
  /// What never came counts as having taken until now. Returns how many deliveries that is.
  std::uint64_t give_up(SteadyTime now);

  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t unexpected() const { return unexpected_; }
  [[nodiscard]] const Histogram& delivery_times() const { return delivery_times_; }
  [[nodiscard]] const Histogram& ack_times() const { return ack_times_; }

  void on_event(std::string_view packet, SteadyTime at) override;
  void on_ack(std::uint32_t ack_id, std::string_view packet, SteadyTime at) override;

 private:
  /// A message on its way.
  struct Flight {
    SteadyTime due;
    std::uint32_t number = 0;
    std::uint32_t lane = 0;
    std::uint32_t deliveries_left = 0;
    bool is_acked = true;

    [[nodiscard]] bool is_over() const { return is_acked && deliveries_left == 0; }
  };

  void send(std::uint32_t lane, SteadyTime due);
  void complete(const Flight& flight, SteadyTime at);
  [[nodiscard]] Flight* find(std::uint32_t number);
  [[nodiscard]] bool is_timed(const Flight& flight) const {
    return flight.due >= measured_from_ && flight.due < measured_until_;
  }

  const Options& options_;
  const Plan& plan_;
  Crowd& crowd_;
  Trouble& trouble_;
  std::vector<std::uint32_t> receivers_;
  std::vector<std::string> heads_;  ///< Of the event, per chat, up to the number.
  std::string tail_;                ///< From behind the second number.
  std::vector<Flight> flights_;     ///< By the low bits of the number.
  std::uint32_t last_number_ = 0;
  std::size_t under_way_ = 0;
  std::size_t tag_at_ = 0;  ///< Where the last delivery had its tag: the next has it there too.
  bool is_sending_ = false;
  bool is_counting_ = false;
  SteadyTime started_;
  SteadyTime measured_from_ = SteadyTime::max();
  SteadyTime measured_until_ = SteadyTime::max();
  std::uint64_t paced_ = 0;
  Counts counts_;
  std::uint64_t unexpected_ = 0;
  Histogram delivery_times_;
  Histogram ack_times_;
};

}  // namespace knotos::bench
