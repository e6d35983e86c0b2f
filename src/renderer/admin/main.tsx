import { openDashboard } from './open-dashboard.tsx';

openDashboard();
