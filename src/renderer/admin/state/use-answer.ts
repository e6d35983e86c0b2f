import { useCallback, useEffect, useRef, useState } from 'react';
import type { Answer } from '../api/admin-http.ts';

/** What was asked for, and what is wrong where it did not come. */
export interface Asked<Value> {
  /** Null until it first came. Stays while it is asked for again. */
  readonly value: Value | null;
  /** Empty: nothing is wrong. */
  readonly sentence: string;
  readonly ask: () => Promise<void>;
}

/** Asks the relay for something as the screen opens, and again when told. An answer that is overtaken is dropped. */
export function useAnswer<Value>(request: () => Promise<Answer<Value>>): Asked<Value> {
  const [value, setValue] = useState<Value | null>(null);
  const [sentence, setSentence] = useState('');
  const latest = useRef(0);
  const wanted = useRef(request);
  wanted.current = request;
  const ask = useCallback(async (): Promise<void> => {
    latest.current += 1;
    const number = latest.current;
    const answer = await wanted.current();
    if (number !== latest.current) return;
    setSentence(answer.ok ? '' : answer.sentence);
    if (answer.ok) setValue(answer.value);
  }, []);
  useEffect(() => {
    void ask();
    return () => {
      latest.current += 1;
    };
  }, [ask]);
  return { value, sentence, ask };
}
