#pragma once

#include "ports/message_store.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace knotos::ports {

/// The page that a query asks for, of a store that reads messages by their number.
///
/// `messages` is one reader's view of a chat, in which what `query` hides is not there:
/// `before(seq, limit)` gives the last messages below `seq` and `from(seq, limit)` the first ones
/// at it or above, both ascending by `seq` and at most `limit`. `last_seq` is the chat's, read
/// before. Never asks for a number beyond `last_seq + 1`, whatever the query says.
template <class Messages>
[[nodiscard]] HistoryPage history_page(Messages& messages, const HistoryQuery& query,
                                       domain::Seq last_seq) {
  const auto end = last_seq + 1;
  const auto seq = std::min(query.seq, end);
  HistoryPage page;
  // Where an empty page lies.
  auto place = end;
  switch (query.from) {
    case HistoryFrom::newest:
      page.messages = messages.before(end, query.limit);
      break;
    case HistoryFrom::before:
      page.messages = messages.before(seq, query.limit);
      place = seq;
      break;
    case HistoryFrom::after:
      page.messages = messages.from(std::min(seq + 1, end), query.limit);
      break;
    case HistoryFrom::around: {
      page.messages = messages.before(seq, query.limit / 2);
      auto later = messages.from(seq, query.limit - query.limit / 2);
      std::ranges::move(later, std::back_inserter(page.messages));
      break;
    }
  }
  const auto first = page.messages.empty() ? place : page.messages.front().seq;
  const auto next = page.messages.empty() ? place : page.messages.back().seq + 1;
  // Numbers are dense, so that without hidden messages no look is needed.
  const bool is_dense = query.hidden.empty();
  page.has_older = is_dense ? first > query.first_seq : !messages.before(first, 1).empty();
  page.has_newer =
      is_dense ? std::max(next, query.first_seq) < end : !messages.from(next, 1).empty();
  return page;
}

}  // namespace knotos::ports
