import { useEffect, useRef, useState } from 'react';
import { PacedSend } from './paced-send.ts';

/** How long the hand is trusted over the program's answer, in ms: above a slow round trip. */
const DRAFT_MS = 600;

/**
 * A value that follows the hand at once and goes to the program at a bearable pace.
 *
 * For records that are sent whole: two sliders moved one after the other must not undo each other while the first
 * one's answer is under way. What waits when the part of the window goes away is sent then.
 *
 * @param value - as the program has it
 * @returns what to show, and how to change it
 */
export function usePaced<Value>(
  value: Value,
  send: (value: Value) => void,
): readonly [Value, (value: Value) => void] {
  const [draft, setDraft] = useState<{ readonly value: Value } | null>(null);
  const sendNow = useRef(send);
  sendNow.current = send;
  const paced = useRef<PacedSend<Value>>(null);
  useEffect(() => {
    const made = new PacedSend<Value>(
      (latest) => sendNow.current(latest),
      (delayMs, callback) => {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    );
    paced.current = made;
    return () => made.flush();
  }, []);
  useEffect(() => {
    if (draft === null) return;
    const timer = setTimeout(() => setDraft(null), DRAFT_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  const change = (next: Value): void => {
    setDraft({ value: next });
    paced.current?.push(next);
  };
  return [draft === null ? value : draft.value, change];
}
