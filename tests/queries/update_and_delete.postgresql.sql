SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at, tasks.priority, tasks.due_on, tasks.due_at, tasks.start_on, tasks.position, tasks.project_id, tasks.parent_id, tasks.is_completed, tasks.due
FROM tasks
WHERE tasks.id = $1::BIGINT FOR NO KEY UPDATE;
-- with [1]

UPDATE tasks SET completed=$1::BOOLEAN WHERE tasks.id = $2::BIGINT;
-- with [True, 1]

SELECT CAST(json_build_object(
  'id', CAST(tasks_1.id AS TEXT),
  'title', coalesce(tasks_1.title, ''),
  'completed', coalesce(tasks_1.is_completed, false),
  'version', tasks_1.version) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $1::BIGINT;
-- with [1]

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at, tasks.priority, tasks.due_on, tasks.due_at, tasks.start_on, tasks.position, tasks.project_id, tasks.parent_id, tasks.is_completed, tasks.due
FROM tasks
WHERE tasks.id = $1::BIGINT FOR NO KEY UPDATE;
-- with [3]

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at, tasks.priority, tasks.due_on, tasks.due_at, tasks.start_on, tasks.position, tasks.project_id, tasks.parent_id, tasks.is_completed, tasks.due
FROM tasks
WHERE tasks.id = $1::BIGINT FOR UPDATE;
-- with [1]

DELETE FROM tasks WHERE tasks.id = $1::BIGINT;
-- with [1]

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at, tasks.priority, tasks.due_on, tasks.due_at, tasks.start_on, tasks.position, tasks.project_id, tasks.parent_id, tasks.is_completed, tasks.due
FROM tasks
WHERE tasks.id = $1::BIGINT FOR UPDATE;
-- with [1]
