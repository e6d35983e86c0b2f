// Before everything that makes a schema.
import '../../contract/without-eval.ts';

import { startListening } from './start-listening.tsx';

startListening();
