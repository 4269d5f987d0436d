// An answer that a view waits for: loading, there, or failed.

import { useCallback, useEffect, useState } from 'preact/hooks';

export interface Asked<T> {
  value: T | undefined;
  problem: unknown;
  again: () => void;
}

/** Asks when the view appears, when `keys` change, and when told to; a later question wins. */
export function useAsked<T>(ask: (signal: AbortSignal) => Promise<T>, keys: unknown[]): Asked<T> {
  const [value, setValue] = useState<T>();
  const [problem, setProblem] = useState<unknown>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    ask(stop.signal).then(
      (value) => {
        if (stop.signal.aborted) return;
        setValue(() => value);
        setProblem(undefined);
      },
      (problem: unknown) => {
        if (!stop.signal.aborted) setProblem(problem);
      },
    );
    return () => stop.abort();
  }, [...keys, round]);
  const again = useCallback(() => setRound((round) => round + 1), []);
  return { value, problem, again };
}
