SELECT pg_advisory_xact_lock_shared(1735486580, 1);

SELECT tasks.id, tasks.position
FROM tasks
ORDER BY tasks.position DESC, tasks.id DESC
LIMIT $1::INTEGER;
-- with [1]

INSERT INTO tasks (title, description, completed, priority, due_on, due_at, start_on, position, project_id, parent_id) VALUES ($1::VARCHAR, $2::VARCHAR, $3::BOOLEAN, $4::INTEGER, $5::DATE, $6::TIMESTAMP WITH TIME ZONE, $7::DATE, $8::VARCHAR COLLATE "C", $9::BIGINT, $10::BIGINT) RETURNING tasks.id;
-- with ['Sharpen the pencil', '', False, 0, None, None, None, 'p9007199254740994', None, None]

SELECT CAST(json_build_object(
  'title', coalesce(tasks_1.title, ''),
  'description', coalesce(tasks_1.description, ''),
  'completed', coalesce(tasks_1.is_completed, false)) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $1::BIGINT;
-- with [6]

SELECT CAST(json_build_object(
  'version', tasks_1.version,
  'completedAt', to_char(timezone('UTC', tasks_1.completed_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $1::BIGINT;
-- with [6]
