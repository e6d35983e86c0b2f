// Before everything that makes a schema.
import '../../contract/without-eval.ts';

import { startDashboard } from './start-dashboard.tsx';

startDashboard();
