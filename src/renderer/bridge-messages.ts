import type { EventName } from '../contract/ipc.ts';

/** A frame from the program: the answer to a request, its refusal, or an event. */
export type BridgeFrame =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly sentence: string }
  | { readonly kind: 'event'; readonly event: EventName; readonly payload: unknown }
  | { readonly kind: 'bad'; readonly reason: 'notJson' | 'badShape' | 'unknownEvent' };

function isEventName(value: string): value is EventName {
  // A record, so that an event added to the contract is missed by the type checker and not by a person.
  const known: Record<EventName, true> = { stateChanged: true, metersChanged: true, chatChanged: true };
  return Object.hasOwn(known, value);
}

/** Reads one text frame of the browser shell's socket. Never throws. */
export function readBridgeFrame(data: unknown): BridgeFrame {
  if (typeof data !== 'string') return { kind: 'bad', reason: 'notJson' };
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { kind: 'bad', reason: 'notJson' };
  }
  if (typeof value !== 'object' || value === null) return { kind: 'bad', reason: 'badShape' };
  if ('event' in value && typeof value.event === 'string' && 'payload' in value) {
    if (!isEventName(value.event)) return { kind: 'bad', reason: 'unknownEvent' };
    return { kind: 'event', event: value.event, payload: value.payload };
  }
  if ('id' in value && typeof value.id === 'number') {
    if ('error' in value && typeof value.error === 'string') {
      return { kind: 'error', id: value.id, sentence: value.error };
    }
    if ('answer' in value) return { kind: 'answer', id: value.id, answer: value.answer };
  }
  return { kind: 'bad', reason: 'badShape' };
}
