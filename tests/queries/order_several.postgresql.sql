SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks_2.id AS TEXT),
  'title', coalesce(tasks_2.title, ''))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks_1.id AS id, tasks_1.title AS title
FROM tasks AS tasks_1
WHERE true
ORDER BY tasks_1.is_completed ASC, coalesce(tasks_1.title, '') COLLATE "C" DESC, tasks_1.id DESC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks_2;
-- with [10001, 0]
