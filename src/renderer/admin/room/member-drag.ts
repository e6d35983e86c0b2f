/** A press that moves less than this, in CSS pixels, is a click. */
const THRESHOLD_PX = 6;

/** The pointer so near to an edge of the list, in CSS pixels, scrolls it. */
const EDGE_PX = 48;

/** How far it scrolls per frame at the edge, in CSS pixels. */
const SCROLL_PX = 12;

interface Drag {
  readonly pointer: number;
  readonly row: HTMLElement;
  readonly fromX: number;
  readonly fromY: number;
  x: number;
  y: number;
  ghost: HTMLElement | null;
  over: HTMLElement | null;
  frame: number;
}

/** Where it happens, and what becomes of it. */
export interface DragPlace {
  /** Holds rows (`data-token`, `data-movable`) and channels (`data-drop`), and scrolls. */
  readonly list: HTMLElement;
  readonly onDrop: (token: number, channel: number) => void;
}

function ghostOf(row: HTMLElement): HTMLElement {
  const ghost = document.createElement('div');
  ghost.className = 'drag-ghost';
  ghost.textContent = row.dataset.nickname ?? '';
  ghost.setAttribute('aria-hidden', 'true');
  document.body.append(ghost);
  return ghost;
}

/**
 * Drags members with a pointer onto channels. With a finger it begins at the grip alone: elsewhere a finger scrolls.
 *
 * Nothing here asks React: a pointer moves a hundred times a second past hundreds of rows.
 *
 * @returns ends it
 */
export function followDrags({ list, onDrop }: DragPlace): () => void {
  let drag: Drag | null = null;

  const light = (over: HTMLElement | null): void => {
    if (drag === null || drag.over === over) return;
    drag.over?.removeAttribute('data-over');
    over?.setAttribute('data-over', 'true');
    drag.over = over;
  };
  const end = (): Drag | null => {
    const ended = drag;
    if (ended === null) return null;
    light(null);
    cancelAnimationFrame(ended.frame);
    ended.ghost?.remove();
    ended.row.removeAttribute('data-dragged');
    document.documentElement.removeAttribute('data-dragging');
    drag = null;
    return ended;
  };
  const find = (): HTMLElement | null => {
    if (drag === null) return null;
    const under = document.elementFromPoint(drag.x, drag.y)?.closest<HTMLElement>('[data-drop]') ?? null;
    return under !== null && list.contains(under) ? under : null;
  };
  const scroll = (): void => {
    if (drag === null) return;
    const { top, bottom } = list.getBoundingClientRect();
    if (drag.y < top + EDGE_PX) list.scrollTop -= SCROLL_PX;
    else if (drag.y > bottom - EDGE_PX) list.scrollTop += SCROLL_PX;
    light(find());
    drag.frame = requestAnimationFrame(scroll);
  };
  const begin = (): void => {
    if (drag === null) return;
    drag.ghost = ghostOf(drag.row);
    drag.row.setAttribute('data-dragged', 'true');
    document.documentElement.setAttribute('data-dragging', 'true');
    list.setPointerCapture(drag.pointer);
    drag.frame = requestAnimationFrame(scroll);
  };

  const down = (event: PointerEvent): void => {
    const { target } = event;
    if (drag !== null || event.button !== 0 || !(target instanceof Element)) return;
    if (target.closest('button, input, a') !== null) return;
    if (event.pointerType !== 'mouse' && target.closest('.card-grip') === null) return;
    const row = target.closest<HTMLElement>('[data-token]');
    if (row === null || row.dataset.movable !== 'true') return;
    const { clientX: x, clientY: y, pointerId: pointer } = event;
    drag = { pointer, row, fromX: x, fromY: y, x, y, ghost: null, over: null, frame: 0 };
  };
  const move = (event: PointerEvent): void => {
    if (drag === null || event.pointerId !== drag.pointer) return;
    drag.x = event.clientX;
    drag.y = event.clientY;
    if (drag.ghost === null) {
      if (Math.hypot(drag.x - drag.fromX, drag.y - drag.fromY) < THRESHOLD_PX) return;
      begin();
    }
    if (drag.ghost !== null) drag.ghost.style.transform = `translate(${drag.x + 12}px, ${drag.y + 12}px)`;
    light(find());
  };
  const up = (event: PointerEvent): void => {
    if (drag === null || event.pointerId !== drag.pointer) return;
    const channel = drag.over?.dataset.drop;
    const ended = end();
    if (ended?.ghost == null || channel === undefined) return;
    if (ended.row.dataset.channel !== channel) onDrop(Number(ended.row.dataset.token), Number(channel));
  };
  const cancel = (): void => void end();
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') end();
  };

  list.addEventListener('pointerdown', down);
  window.addEventListener('pointermove', move);
  window.addEventListener('pointerup', up);
  window.addEventListener('pointercancel', cancel);
  window.addEventListener('keydown', key);
  return () => {
    end();
    list.removeEventListener('pointerdown', down);
    window.removeEventListener('pointermove', move);
    window.removeEventListener('pointerup', up);
    window.removeEventListener('pointercancel', cancel);
    window.removeEventListener('keydown', key);
  };
}
