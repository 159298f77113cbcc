export function efficiencyOf(given: {
  machines: number;
  seconds: number;
  megabytes: number;
  megabytesPerSecond: number;
}): number;
