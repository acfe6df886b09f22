const UNITS = ["KB", "MB", "GB", "TB"] as const;

/** Bytes in the style of Data Pump's log: four significant digits, smallest unit KB, zero is `0 KB`. */
export function formatSize(bytes: number): string {
  let value = bytes / 1024;
  let unit = 0;
  while (Math.round(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${fourDigits(value)} ${UNITS[unit] ?? "TB"}`;
}

function fourDigits(value: number): string {
  if (value === 0) return "0";
  if (value < 1) return value.toFixed(3);
  return value < 1000 ? value.toPrecision(4) : value.toFixed(0);
}

/** Seconds as Data Pump's elapsed time: `D HH:MI:SS`. */
export function formatElapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n: number) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 86400)} ${pad(Math.floor(whole / 3600) % 24)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}

/** A point in time as LOGTIME shows it, `DD-MON-RR HH24:MI:SS.FF3`: `02-MAY-25 13:28:57.797`. */
export function formatLogtime(time: Date): string {
  const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
  const pad = (n: number, width = 2) => String(n).padStart(width, "0");
  const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}.${pad(time.getMilliseconds(), 3)}`;
  return `${pad(time.getDate())}-${months[time.getMonth()] ?? ""}-${pad(time.getFullYear() % 100)} ${clock}`;
}

/** A point in time as C's ctime shows it: `Sun Dec 13 22:22:30 2020`, the day not padded with a zero. */
export function formatTimestamp(time: Date): string {
  const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const pad = (n: number) => String(n).padStart(2, "0");
  const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
  return `${days[time.getDay()] ?? ""} ${months[time.getMonth()] ?? ""} ${time.getDate()} ${clock} ${time.getFullYear()}`;
}
