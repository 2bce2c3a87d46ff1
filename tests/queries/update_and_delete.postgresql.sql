SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at
FROM tasks
WHERE tasks.id = $1::BIGINT FOR UPDATE;
-- with [1]

UPDATE tasks SET completed=$1::BOOLEAN WHERE tasks.id = $2::BIGINT;
-- with [True, 1]

SELECT CAST(json_build_object(
  'id', CAST(tasks.id AS TEXT),
  'title', coalesce(tasks.title, ''),
  'completed', coalesce(tasks.completed, false),
  'version', tasks.version) AS TEXT) AS json_build_object_1
FROM tasks
WHERE tasks.id = $1::BIGINT;
-- with [1]

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at
FROM tasks
WHERE tasks.id = $1::BIGINT FOR UPDATE;
-- with [1]

DELETE FROM tasks WHERE tasks.id = $1::BIGINT;
-- with [1]

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at
FROM tasks
WHERE tasks.id = $1::BIGINT FOR UPDATE;
-- with [1]
