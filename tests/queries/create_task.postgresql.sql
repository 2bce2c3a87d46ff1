INSERT INTO tasks (title, description, completed) VALUES ($1::VARCHAR, $2::VARCHAR, $3::BOOLEAN) RETURNING tasks.id;
-- with ['Sharpen the pencil', '', False]

SELECT CAST(json_build_object(
  'title', coalesce(tasks.title, ''),
  'description', coalesce(tasks.description, ''),
  'completed', coalesce(tasks.completed, false)) AS TEXT) AS json_build_object_1
FROM tasks
WHERE tasks.id = $1::BIGINT;
-- with [6]

SELECT CAST(json_build_object(
  'version', tasks.version,
  'completedAt', to_char(timezone('UTC', tasks.completed_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS TEXT) AS json_build_object_1
FROM tasks
WHERE tasks.id = $1::BIGINT;
-- with [6]
