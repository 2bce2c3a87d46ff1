SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks.id AS TEXT),
  'title', coalesce(tasks.title, ''))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks.id AS id, tasks.title AS title
FROM tasks
ORDER BY coalesce(tasks.completed, false) ASC, coalesce(tasks.title, '') COLLATE "C" DESC, tasks.id DESC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks;
-- with [10001, 0]
