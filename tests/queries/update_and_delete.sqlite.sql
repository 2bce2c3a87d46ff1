BEGIN IMMEDIATE;

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at
FROM tasks
WHERE tasks.id = ?;
-- with [1]

UPDATE tasks SET completed=? WHERE tasks.id = ?;
-- with [1, 1]

SELECT json_object(
  'id', CAST(tasks.id AS TEXT),
  'title', CAST(coalesce(tasks.title, '') AS TEXT),
  'completed', iif(tasks.completed, json('true'), json('false')),
  'version', CAST(tasks.version AS INTEGER)) AS json_object_1
FROM tasks
WHERE tasks.id = ?;
-- with [1]

BEGIN IMMEDIATE;

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at
FROM tasks
WHERE tasks.id = ?;
-- with [1]

DELETE FROM tasks WHERE tasks.id = ?;
-- with [1]

BEGIN IMMEDIATE;

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at
FROM tasks
WHERE tasks.id = ?;
-- with [1]
