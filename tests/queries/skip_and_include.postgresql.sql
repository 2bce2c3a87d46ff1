SELECT CAST(json_build_object(
  'id', CAST(tasks_1.id AS TEXT),
  'title', coalesce(tasks_1.title, ''),
  'completed', coalesce(tasks_1.is_completed, false)) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $1::BIGINT;
-- with [2]
