// Values in words.

export const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/** A probability in per cent, never as certain as 0 or 100. */
export function percentage(probability) {
  if (probability === null) return "–";
  if (probability < 0.001) return "< 0.1 %";
  if (probability > 0.999) return "> 99.9 %";
  return `${(100 * probability).toFixed(1)} %`;
}

/** A rate that was asked for, in per cent as it was. */
export const rate = (share) => `${Number((100 * share).toPrecision(6))} %`;

export const duration = (seconds) => (seconds % 60 ? plural(seconds, "second", "seconds") : plural(seconds / 60, "minute", "minutes"));

export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return `${(bytes / 1e6).toFixed(bytes % 1e6 && bytes < 1e8 ? 1 : 0)} MB`;
}

export function when(stamp) {
  const moment = new Date(stamp);
  return Number.isNaN(moment.getTime()) ? "" : moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A reason as a sentence of its own. */
export function sentence(reason) {
  const text = reason.charAt(0).toUpperCase() + reason.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
