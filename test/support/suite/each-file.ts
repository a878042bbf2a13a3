import { afterAll, afterEach } from 'vitest';
import { cleanFile, cleanTest } from './cleanup.ts';

// Runs for each test file, also where files share a worker and its modules.
afterEach(cleanTest);
afterAll(cleanFile);
