BEGIN IMMEDIATE;

INSERT INTO tasks (title, description, completed) VALUES (?, ?, ?);
-- with ['Sharpen the pencil', '', 0]

SELECT json_object(
  'title', CAST(coalesce(tasks.title, '') AS TEXT),
  'description', CAST(coalesce(tasks.description, '') AS TEXT),
  'completed', iif(tasks.completed, json('true'), json('false'))) AS json_object_1
FROM tasks
WHERE tasks.id = ?;
-- with [9007199254740994]

SELECT json_object(
  'version', CAST(tasks.version AS INTEGER),
  'completedAt', CAST(tasks.completed_at AS TEXT)) AS json_object_1
FROM tasks
WHERE tasks.id = ?;
-- with [9007199254740994]
