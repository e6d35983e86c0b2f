/** What people call keys whose name in the table is not what is printed on them. */
const PRINTED: Readonly<Record<string, string>> = {
  Ctrl: 'Left Ctrl',
  CtrlRight: 'Right Ctrl',
  Alt: 'Left Alt',
  AltRight: 'Right Alt',
  Shift: 'Left Shift',
  ShiftRight: 'Right Shift',
  Meta: 'Left Meta',
  MetaRight: 'Right Meta',
  Semicolon: ';',
  Equal: '=',
  Comma: ',',
  Minus: '-',
  Period: '.',
  Slash: '/',
  Backquote: '`',
  BracketLeft: '[',
  Backslash: '\\',
  BracketRight: ']',
  Quote: "'",
};

/** `ArrowLeft` becomes `Arrow Left`, `Numpad0` becomes `Numpad 0`, `F8` stays. */
function spaced(name: string): string {
  return name.replace(/([a-z])([A-Z0-9])/g, '$1 $2');
}

/**
 * Names by key code.
 *
 * @param codes the hook library's table, name to code; where two names share a code the first stands
 */
export function keyLabels(codes: Readonly<Record<string, number>>): Map<number, string> {
  const labels = new Map<number, string>();
  for (const [name, code] of Object.entries(codes)) {
    if (!labels.has(code)) labels.set(code, PRINTED[name] ?? spaced(name));
  }
  return labels;
}

/** Buttons 1 to 3 have names everywhere; the others are counted. */
const BUTTONS: Readonly<Record<number, string>> = { 1: 'Left click', 2: 'Right click', 3: 'Middle click' };

export function mouseLabel(button: number): string {
  return BUTTONS[button] ?? `Mouse ${button}`;
}
