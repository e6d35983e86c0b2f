import { useEffect, useState } from 'react';

/** True once `condition` has held for `delayMs` without a break. */
export function useDelayed(condition: boolean, delayMs: number): boolean {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    setHeld(false);
    if (!condition) return;
    const timer = setTimeout(() => setHeld(true), delayMs);
    return () => clearTimeout(timer);
  }, [condition, delayMs]);
  return condition && held;
}
