SELECT CAST(json_build_object(
  'title', coalesce(tasks.title, ''),
  'completed', coalesce(tasks.completed, false)) AS TEXT) AS json_build_object_1
FROM tasks
WHERE tasks.id = $1::BIGINT;
-- with [2]

SELECT CAST(json_build_object(
  'id', CAST(tasks.id AS TEXT)) AS TEXT) AS json_build_object_1
FROM tasks
WHERE tasks.id = $1::BIGINT;
-- with [9007199254740993]

SELECT CAST(json_build_object(
  'title', coalesce(tasks.title, '')) AS TEXT) AS json_build_object_1
FROM tasks
WHERE tasks.id = $1::BIGINT;
-- with [404]
