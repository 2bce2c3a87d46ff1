SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'id', CAST(tasks_2.id AS TEXT),
  'title', coalesce(tasks_2.title, ''),
  'dueOn', to_char(tasks_2.due_on, 'YYYY-MM-DD'),
  'dueAt', to_char(timezone('UTC', tasks_2.due_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'project', (SELECT json_build_object(
  'name', coalesce(projects_3.name, '')) AS json_build_object_1
FROM projects AS projects_3
WHERE projects_3.id = tasks_2.project_id))), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks_1.id AS id, tasks_1.title AS title, tasks_1.due_on AS due_on, tasks_1.due_at AS due_at, tasks_1.project_id AS project_id
FROM tasks AS tasks_1
WHERE (tasks_1.due_on < $1::DATE OR tasks_1.due_at < $2::TIMESTAMP WITH TIME ZONE) AND tasks_1.is_completed = false
ORDER BY tasks_1.due ASC NULLS LAST, tasks_1.id ASC
LIMIT $3::BIGINT OFFSET $4::BIGINT) AS tasks_2;
-- with [datetime.date(2026, 2, 1), datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.timezone.utc), 50, 0]
