// Before everything that makes a schema.
import '../../contract/without-eval.ts';

import { startRoomView } from './start-room-view.tsx';

startRoomView();
