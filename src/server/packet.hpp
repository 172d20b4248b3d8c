#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::server {

/// What may be dropped first when a reader is slow.
enum class PacketClass : std::uint8_t {
  control,    ///< Acks, CONNECT, what ends a link: never dropped.
  durable,    ///< Messages: never dropped alone; the whole queue is, and the reader is told.
  receipt,    ///< Healed by a later sync; dropped second.
  ephemeral,  ///< Typing, presence: dropped first.
};

/// Kept for who recovers a session. What is dropped first is worth nothing later.
[[nodiscard]] constexpr bool is_kept(PacketClass packet_class) {
  return packet_class != PacketClass::ephemeral;
}

/// An event on its way to several shards and namespaces: its array without the closing bracket, and
/// what belongs to it. Immutable and shared.
struct EventBody {
  std::string text;  ///< `["name",1,{}`.
  std::vector<std::string> attachments;
  PacketClass packet_class = PacketClass::durable;
  bool is_greeting = false;  ///< Of one session alone: never kept for its recovery.
};

[[nodiscard]] inline bool is_kept(const EventBody& event) {
  return !event.is_greeting && is_kept(event.packet_class);
}

/// Bytes for the wire that many readers share, of packets of one class. Its count is not atomic: it
/// never leaves its shard.
class SharedFrames
    : public boost::intrusive_ref_counter<SharedFrames, boost::thread_unsafe_counter> {
 public:
  virtual ~SharedFrames() = default;

  [[nodiscard]] PacketClass packet_class() const { return class_; }
  /// The frames, ready for the wire.
  [[nodiscard]] std::span<const std::uint8_t> frames() const;
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  /// Where the packet ends of which so many bytes are written; `at` itself if none is begun.
  [[nodiscard]] virtual std::size_t packet_end(std::size_t at) const = 0;
  /// How many packets end within these bytes.
  [[nodiscard]] virtual std::size_t packets_in(std::size_t begin, std::size_t end) const = 0;

  /// Where their bytes are counted while somebody waits for them: once, however many do. It must
  /// outlive the waiting. Pre: nobody waits yet, or it is the same account.
  void charge_to(std::int64_t& account) const { account_ = &account; }

 protected:
  explicit SharedFrames(PacketClass packet_class) : class_(packet_class) {}
  void grow(std::string_view bytes);

  PacketClass class_;
  std::string bytes_;

 private:
  friend class AwaitedFrames;
  /// What a reader that waits costs by itself: its entry in the queue, twice, as vectors grow.
  static constexpr std::int64_t kWaitBytes = 64;

  void begin_wait() const;
  void end_wait() const;

  mutable std::uint32_t waiting_ = 0;
  mutable std::int64_t* account_ = nullptr;
};

/// The frames that one reader waits for.
class AwaitedFrames {
 public:
  template <class Frames>
  AwaitedFrames(boost::intrusive_ptr<Frames> frames) : frames_(std::move(frames)) {
    frames_->begin_wait();
  }
  AwaitedFrames(const AwaitedFrames& other) : AwaitedFrames(other.frames_) {}
  AwaitedFrames(AwaitedFrames&&) noexcept = default;
  AwaitedFrames& operator=(const AwaitedFrames&) = delete;
  AwaitedFrames& operator=(AwaitedFrames&& other) noexcept {
    std::swap(frames_, other.frames_);
    return *this;
  }
  ~AwaitedFrames() { reset(); }

  void reset() {
    if (frames_) frames_->end_wait();
    frames_.reset();
  }
  [[nodiscard]] const SharedFrames& operator*() const { return *frames_; }
  [[nodiscard]] const SharedFrames* operator->() const { return frames_.get(); }

 private:
  boost::intrusive_ptr<const SharedFrames> frames_;
};

/// One Engine.IO message on its way out, encoded once for everybody on this shard: as WebSocket
/// frames, from which polling takes the payloads. Immutable.
class PacketBuffer final : public SharedFrames {
 public:
  /// A text message; `payload` begins with the Engine.IO type digit. `attachments` follow it as
  /// binary messages.
  [[nodiscard]] static boost::intrusive_ptr<const PacketBuffer> make(
      PacketClass packet_class, std::string_view payload,
      std::span<const std::string> attachments = {});
  /// An event without an ack. `offset`: of connection state recovery, its last argument; empty:
  /// none.
  [[nodiscard]] static boost::intrusive_ptr<const PacketBuffer> make_event(
      const EventBody& event, std::string_view name_space, std::string_view offset = {});
  /// The same event with an offset, or with another than it has.
  [[nodiscard]] static boost::intrusive_ptr<const PacketBuffer> make_stamped(
      const PacketBuffer& event, std::string_view offset);
  /// An event from its text as `event_text` has it.
  [[nodiscard]] static boost::intrusive_ptr<const PacketBuffer> make_event_again(
      PacketClass packet_class, std::string text, std::span<const std::string> attachments,
      std::string_view offset);
  /// A binary message by itself, outside of Socket.IO.
  [[nodiscard]] static boost::intrusive_ptr<const PacketBuffer> make_binary(
      PacketClass packet_class, std::string_view bytes);
  /// The same for a link that wants attachments as text (`b64=1`).
  [[nodiscard]] static boost::intrusive_ptr<const PacketBuffer> make_text_only(
      const PacketBuffer& packet);
  /// Bytes for the wire that are no message: control frames, a response. Has no parts.
  [[nodiscard]] static boost::intrusive_ptr<const PacketBuffer> make_raw(std::string bytes);

  /// Made by `make_event`: it takes an offset.
  [[nodiscard]] bool is_event() const { return is_event_; }
  /// Of an event: its text message without the offset and the closing bracket.
  [[nodiscard]] std::string_view event_text() const;
  [[nodiscard]] std::size_t packet_end(std::size_t at) const override {
    return at == 0 ? 0 : size();
  }
  [[nodiscard]] std::size_t packets_in(std::size_t /*begin*/, std::size_t end) const override {
    return end == size() ? 1 : 0;
  }
  /// The payload of the text message, and of each attachment, for polling.
  [[nodiscard]] std::size_t parts() const { return parts_.size(); }
  [[nodiscard]] std::string_view part(std::size_t index) const;
  /// False: a binary message.
  [[nodiscard]] bool is_text(std::size_t index) const { return parts_[index].is_text; }
  [[nodiscard]] bool has_binary() const { return !parts_.empty() && !parts_.back().is_text; }

 private:
  struct Part {
    std::uint32_t begin;
    std::uint32_t end;
    bool is_text;
  };

  explicit PacketBuffer(PacketClass packet_class) : SharedFrames(packet_class) {}
  void append_all(std::string_view payload, std::span<const std::string> attachments);
  void append(bool is_text, std::string_view payload);

  bool is_event_ = false;
  std::uint8_t end_bytes_ = 0;  ///< Of an event: the offset and the closing bracket.
  std::vector<Part> parts_;
};

using Packet = boost::intrusive_ptr<const PacketBuffer>;

}  // namespace knotos::server
