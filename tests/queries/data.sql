INSERT INTO tasks (title, description, completed, completed_at, version, created_at, updated_at)
VALUES
  ('Buy milk', '', false, NULL, 1, '2026-01-05T08:00:00.000Z', '2026-01-05T08:00:00.000Z'),
  ('Water the plants', 'The fern by the window too.', true, '2026-01-07T17:30:00.250Z', 2, '2026-01-05T08:00:00.000Z', '2026-01-07T17:30:00.250Z'),
  ('Call "Zoë" ☕', 'Two lines:
one, two', false, NULL, 4, '2026-01-06T09:15:00.000Z', '2026-01-08T10:00:00.999Z'),
  ('apples', '', true, '2026-01-06T12:00:00.000Z', 2, '2026-01-06T09:15:00.000Z', '2026-01-06T12:00:00.000Z'),
  (NULL, NULL, NULL, NULL, 1, '2026-01-09T00:00:00.000Z', '2026-01-09T00:00:00.000Z');

INSERT INTO tasks (id, title, description, completed, version, created_at, updated_at)
VALUES
  (9007199254740993, 'A row with a big id', '', false, 1, '2026-01-10T00:00:00.000Z', '2026-01-10T00:00:00.000Z');
