import { z } from 'zod';

/**
 * Keeps zod from making code out of text: a page with a strict policy forbids that, and would report the attempt.
 *
 * Imported for its effect, before any schema is made.
 */
z.config({ jitless: true });
