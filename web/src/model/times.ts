import { dayOf } from './rows';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: string, name: string, options: Intl.DateTimeFormatOptions, at: Date) {
  const key = `${language}:${name}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language, options);
    formats.set(key, found);
  }
  // What is no time has no words; a row that cannot be drawn would take the page with it.
  return Number.isNaN(at.getTime()) ? '' : found.format(at);
}

const dayMs = 24 * 60 * 60_000;
const daysBetween = (day: string, now: number) =>
  Math.round((Date.parse(dayOf(now)) - Date.parse(day)) / dayMs);

/** 14:05 */
export function clock(time: string | number, language: string): string {
  return format(language, 'clock', { hour: '2-digit', minute: '2-digit' }, new Date(time));
}

function relativeDay(days: number, language: string): string {
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-days, 'day');
}

function capital(text: string, language: string): string {
  return text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
}

/** Above the messages of a day: Today, Yesterday, Monday, 3 November, 3 November 2025. */
export function dayName(day: string, now: number, language: string): string {
  const days = daysBetween(day, now);
  const at = new Date(`${day}T12:00:00`);
  if (days === 0 || days === 1) return capital(relativeDay(days, language), language);
  if (days > 1 && days < 7) {
    return capital(format(language, 'weekday', { weekday: 'long' }, at), language);
  }
  const isThisYear = at.getFullYear() === new Date(now).getFullYear();
  return isThisYear
    ? format(language, 'day', { day: 'numeric', month: 'long' }, at)
    : format(language, 'date', { day: 'numeric', month: 'long', year: 'numeric' }, at);
}

/** In the list: the time today, else the day, as short as it can be. */
export function shortTime(time: string | number, now: number, language: string): string {
  const at = new Date(time);
  const days = daysBetween(dayOf(time), now);
  if (days === 0) return clock(time, language);
  if (days === 1) return capital(relativeDay(1, language), language);
  if (days > 1 && days < 7) return format(language, 'short-weekday', { weekday: 'short' }, at);
  return format(language, 'short', { day: 'numeric', month: 'numeric', year: '2-digit' }, at);
}

/** Day and time, for what is read once. */
export function fullTime(time: string | number, language: string): string {
  return format(language, 'full', { dateStyle: 'medium', timeStyle: 'short' }, new Date(time));
}
