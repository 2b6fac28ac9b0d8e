/** One side of an experiment so far. */
export interface Arm {
  readonly attempts: number;
  readonly successes: number;
}

export interface SequentialOptions {
  /** How often a difference may be claimed where there is none, however often one looks. */
  readonly alphaPpm: number;
  /** The size of differences that the test is best at finding; its error doesn't depend on it. */
  readonly typicalDifferencePpm: number;
  /** A treatment that looks worse than the control by so much is stopped on weaker evidence. */
  readonly guardRailPpm: number;
  /** The evidence needed for that: larger than alpha. */
  readonly guardRailAlphaPpm: number;
  /** A difference that is surely smaller isn't worth waiting for. */
  readonly smallestOfInterestPpm: number;
  /** Fewer on either side say nothing. */
  readonly fewestAttempts: number;
}

export const DEFAULT_SEQUENTIAL: SequentialOptions = {
  alphaPpm: 50_000,
  typicalDifferencePpm: 10_000,
  guardRailPpm: 30_000,
  guardRailAlphaPpm: 200_000,
  smallestOfInterestPpm: 2_000,
  fewestAttempts: 100,
};

export type SequentialVerdict =
  | 'continue'
  | 'treatment_better'
  | 'control_better'
  | 'no_difference'
  | 'guard_rail_breached';

export interface SequentialResult {
  readonly verdict: SequentialVerdict;
  /** Always valid: the smallest so far. Hand it back in with the next look. */
  readonly pValuePpm: number;
  /** Treatment less control. */
  readonly differencePpm: number;
  /** Covers the true difference at all looks together, with a probability of 1 - alpha. */
  readonly lowPpm: number;
  readonly highPpm: number;
}

const PPM = 1_000_000;

/**
 * The mixture sequential probability ratio test for two proportions (Johari, Pekelis and Walsh, "Always valid
 * inference", 2015, with a normal mixture): it may be looked at after every payment and stopped by what is seen, and
 * still errs at most in `alpha` of experiments. The likelihood ratio is that of the observed difference under "some
 * difference, normally distributed with deviation tau" against "none"; 1 / ratio is a p-value at every moment at once.
 */
export function sequentialTest(
  arms: { readonly control: Arm; readonly treatment: Arm },
  options: Partial<SequentialOptions> = {},
  previousPValuePpm = PPM,
): SequentialResult {
  const settings = { ...DEFAULT_SEQUENTIAL, ...options };
  const { control, treatment } = arms;
  const difference = rateOf(treatment) - rateOf(control);
  if (Math.min(control.attempts, treatment.attempts) < settings.fewestAttempts) {
    const differencePpm = Math.round(PPM * difference);
    return {
      verdict: 'continue',
      pValuePpm: previousPValuePpm,
      differencePpm,
      lowPpm: -PPM,
      highPpm: PPM,
    };
  }
  const variance = varianceOf(control) + varianceOf(treatment);
  const tau = (settings.typicalDifferencePpm / PPM) ** 2;
  const pValue = Math.min(1, Math.exp(-logRatio(difference, variance, tau)));
  const half = halfWidth(variance, tau, settings.alphaPpm / PPM);
  const result = {
    pValuePpm: Math.min(previousPValuePpm, Math.round(PPM * pValue)),
    differencePpm: Math.round(PPM * difference),
    lowPpm: Math.round(PPM * Math.max(-1, difference - half)),
    highPpm: Math.round(PPM * Math.min(1, difference + half)),
  };
  return { ...result, verdict: verdictOf(result, settings) };
}

function verdictOf(
  { pValuePpm, differencePpm, lowPpm, highPpm }: Omit<SequentialResult, 'verdict'>,
  settings: SequentialOptions,
): SequentialVerdict {
  if (pValuePpm <= settings.alphaPpm) return differencePpm > 0 ? 'treatment_better' : 'control_better';
  if (differencePpm <= -settings.guardRailPpm && pValuePpm <= settings.guardRailAlphaPpm) {
    return 'guard_rail_breached';
  }
  const { smallestOfInterestPpm: least } = settings;
  return lowPpm >= -least && highPpm <= least ? 'no_difference' : 'continue';
}

/** With one imagined success and failure each, so that an arm without failures isn't certain of itself. */
function varianceOf({ attempts, successes }: Arm): number {
  const rate = (successes + 1) / (attempts + 2);
  return (rate * (1 - rate)) / attempts;
}

function rateOf({ attempts, successes }: Arm): number {
  return attempts === 0 ? 0 : successes / attempts;
}

function logRatio(difference: number, variance: number, tau: number): number {
  const both = variance + tau;
  return 0.5 * Math.log(variance / both) + (tau * difference ** 2) / (2 * variance * both);
}

/** The differences that the test would not reject lie within this of the observed one: `logRatio` solved for it. */
function halfWidth(variance: number, tau: number, alpha: number): number {
  const both = variance + tau;
  return Math.sqrt(((2 * variance * both) / tau) * (Math.log(1 / alpha) + 0.5 * Math.log(both / variance)));
}
