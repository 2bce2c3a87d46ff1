CREATE TABLE gql_tasks_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT gql_tasks_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE labels (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name VARCHAR NOT NULL,
    color VARCHAR,

    version INTEGER DEFAULT 1 NOT NULL,
    created_at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL,
    updated_at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL

);

CREATE TRIGGER labels_leave AFTER DELETE ON labels
BEGIN
    DELETE FROM task_labels WHERE label_id = OLD.id;
END;

CREATE TRIGGER labels_stamp_update AFTER UPDATE OF name, color ON labels
WHEN OLD.name IS NOT NEW.name OR OLD.color IS NOT NEW.color
BEGIN
    UPDATE labels SET version = OLD.version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

CREATE TABLE projects (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name VARCHAR NOT NULL,
    color VARCHAR,
    position VARCHAR DEFAULT '' NOT NULL,
    archived_at VARCHAR,

    version INTEGER DEFAULT 1 NOT NULL,
    created_at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL,
    updated_at VARCHAR DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL

);

CREATE TRIGGER projects_leave AFTER DELETE ON projects
BEGIN
    UPDATE tasks SET project_id = NULL WHERE project_id = OLD.id;
END;

CREATE TRIGGER projects_stamp_insert AFTER INSERT ON projects WHEN NEW.position = ''
BEGIN
    UPDATE projects SET position = CASE WHEN NEW.id < 0 THEN 'a0' ELSE char(96 + length(NEW.id)) || NEW.id END WHERE id = NEW.id;
END;

CREATE TRIGGER projects_stamp_update
AFTER UPDATE OF name, color, position, archived_at ON projects
WHEN OLD.name IS NOT NEW.name OR OLD.color IS NOT NEW.color
    OR OLD.archived_at IS NOT NEW.archived_at
    OR (OLD.position IS NOT NEW.position AND OLD.position <> '')
BEGIN
    UPDATE projects SET version = OLD.version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE task_labels (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    label_id INTEGER NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
    PRIMARY KEY (task_id, label_id)
) WITHOUT ROWID;

CREATE INDEX ix_task_labels_label_id ON task_labels (label_id, task_id);

CREATE TRIGGER task_labels_stamp_insert AFTER INSERT ON task_labels
BEGIN
    UPDATE tasks SET version = version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.task_id;
END;

CREATE TRIGGER task_labels_stamp_delete AFTER DELETE ON task_labels
BEGIN
    UPDATE tasks SET version = version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = OLD.task_id;
END;

CREATE TABLE tasks (
    id INTEGER NOT NULL,
    title VARCHAR,
    description VARCHAR,
    completed BOOLEAN, completed_at VARCHAR, version INTEGER DEFAULT 1 NOT NULL, created_at VARCHAR DEFAULT '1970-01-01T00:00:00.000Z' NOT NULL, updated_at VARCHAR DEFAULT '1970-01-01T00:00:00.000Z' NOT NULL, priority INTEGER DEFAULT 0 NOT NULL CHECK (priority BETWEEN 0 AND 4), due_on VARCHAR, due_at VARCHAR CHECK (due_on IS NULL OR due_at IS NULL), start_on VARCHAR, position VARCHAR DEFAULT '' NOT NULL, project_id INTEGER REFERENCES projects (id) ON DELETE SET NULL, parent_id INTEGER REFERENCES tasks (id), is_completed BOOLEAN GENERATED ALWAYS AS (iif(completed, 1, 0)) VIRTUAL, due VARCHAR GENERATED ALWAYS AS (coalesce(due_at, due_on || 'T00:00:00.000Z')) VIRTUAL,
    PRIMARY KEY (id)
);

CREATE INDEX ix_tasks_id ON tasks (id);

CREATE INDEX ix_tasks_title ON tasks (title);

CREATE INDEX ix_tasks_position ON tasks (position, id, is_completed);

CREATE INDEX ix_tasks_project_id ON tasks (project_id, position, id, is_completed);

CREATE INDEX ix_tasks_parent_id ON tasks (parent_id, position, id);

CREATE INDEX ix_tasks_is_completed ON tasks (is_completed, due, id);

CREATE INDEX ix_tasks_due ON tasks (due, id, is_completed);

CREATE INDEX ix_tasks_created_at ON tasks (created_at, id);

CREATE TRIGGER tasks_stamp_insert AFTER INSERT ON tasks
WHEN NEW.created_at = '1970-01-01T00:00:00.000Z' OR NEW.position = ''
BEGIN
    UPDATE tasks
    SET created_at = CASE NEW.created_at WHEN '1970-01-01T00:00:00.000Z' THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now') ELSE NEW.created_at END,
        updated_at = CASE NEW.updated_at WHEN '1970-01-01T00:00:00.000Z' THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now') ELSE NEW.updated_at END,
        completed_at = CASE WHEN NEW.completed THEN coalesce(NEW.completed_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) END
    WHERE id = NEW.id;
    UPDATE tasks SET position = CASE WHEN NEW.id < 0 THEN 'a0' ELSE char(96 + length(NEW.id)) || NEW.id END WHERE id = NEW.id AND position = '';
END;

CREATE TRIGGER tasks_stamp_update AFTER UPDATE OF title, description, completed, priority, due_on, due_at, start_on, project_id, parent_id, position ON tasks
WHEN OLD.title IS NOT NEW.title OR OLD.description IS NOT NEW.description OR OLD.completed IS NOT NEW.completed OR OLD.priority IS NOT NEW.priority OR OLD.due_on IS NOT NEW.due_on OR OLD.due_at IS NOT NEW.due_at OR OLD.start_on IS NOT NEW.start_on OR OLD.project_id IS NOT NEW.project_id OR OLD.parent_id IS NOT NEW.parent_id
    OR (OLD.position IS NOT NEW.position AND OLD.position <> '')
BEGIN
    UPDATE tasks
    SET version = OLD.version + 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        completed_at = CASE
            WHEN NOT coalesce(NEW.completed, 0) THEN NULL
            WHEN coalesce(OLD.completed, 0) THEN OLD.completed_at
            ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
        END
    WHERE id = NEW.id;
END;

CREATE TRIGGER tasks_leave AFTER DELETE ON tasks
BEGIN
    UPDATE tasks SET parent_id = nullif(OLD.parent_id, OLD.id) WHERE parent_id = OLD.id;
    DELETE FROM task_labels WHERE task_id = OLD.id;
END;

CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks
BEGIN
    DELETE FROM tasks_search WHERE rowid = NEW.id;
    INSERT INTO tasks_search (rowid, title, description)
    VALUES (NEW.id, substr(replace(NEW.title, 'İ', 'i'), 1, 100000), substr(replace(NEW.description, 'İ', 'i'), 1, 100000));
END;

CREATE TRIGGER tasks_search_update AFTER UPDATE OF id, title, description ON tasks
WHEN OLD.id <> NEW.id OR OLD.title IS NOT NEW.title
    OR OLD.description IS NOT NEW.description
BEGIN
    DELETE FROM tasks_search WHERE rowid IN (OLD.id, NEW.id);
    INSERT INTO tasks_search (rowid, title, description)
    VALUES (NEW.id, substr(replace(NEW.title, 'İ', 'i'), 1, 100000), substr(replace(NEW.description, 'İ', 'i'), 1, 100000));
END;

CREATE TRIGGER tasks_search_delete AFTER DELETE ON tasks
BEGIN
    DELETE FROM tasks_search WHERE rowid = OLD.id;
END;

CREATE VIRTUAL TABLE tasks_search USING fts5 (
    title, description, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N*' separators '₺₻₼₽₾₿⃀⃒⃓⃘⃙⃚⃐⃑⃔⃕⃖⃗⃛⃜⃝⃞⃟⃠⃡⃢⃣⃤⃥⃦⃪⃫⃨⃬⃭⃮⃯⃧⃩⃰︀︁︂︃︄︅︆︇︈︉︊︋︌︍︎️🌡🌢🌣🌤🌥🌦🌧🌨🌩🌪🌫🌬🌭🌮🌯🍽🍾🍿🎔🎕🎖🎗🎘🎙🎚🎛🎜🎝🎞🎟🏋🏌🏍🏎🏏🏐🏑🏒🏓🏔🏕🏖🏗🏘🏙🏚🏛🏜🏝🏞🏟🏱🏲🏳🏴🏵🏶🏷🏸🏹🏺🏻🏼🏽🏾🏿🕨🕩🕪🕫🕬🕭🕮🕯🕰🕱🕲🕳🕴🕵🕶🕷🕸🕹🕺🕻🕼🕽🕾🕿🖀🖁🖂🖃🖄🖅🖆🖇🖈🖉🖊🖋🖌🖍🖎🖏🖐🖑🖒🖓🖔🖕🖖🖗🖘🖙🖚🖛🖜🖝🖞🖟🖠🖡🖢🖣🖤🖥🖦🖧🖨🖩🖪🖫🖬🖭🖮🖯🖰🖱🖲🖳🖴🖵🖶🖷🖸🖹🖺🖻🖼🖽🖾🖿🗀🗁🗂🗃🗄🗅🗆🗇🗈🗉🗊🗋🗌🗍🗎🗏🗐🗑🗒🗓🗔🗕🗖🗗🗘🗙🗚🗛🗜🗝🗞🗟🗠🗡🗢🗣🗤🗥🗦🗧🗨🗩🗪🗫🗬🗭🗮🗯🗰🗱🗲🗳🗴🗵🗶🗷🗸🗹🗺🙁🙂🙃🙄🛆🛇🛈🛉🛊🛋🛌🛍🛎🛏🛐🛑🛒🛓🛔🛕🛖🛗🛘🛙🛚🛛🛜🛝🛞🛟🛠🛡🛢🛣🛤🛥🛦🛧🛨🛩🛪🛫🛬🛭🛮🛯🛰🛱🛲🛳🛴🛵🛶🛷🛸🛹🛺🛻🛼🛽🛾🛿🟠🟡🟢🟣🟤🟥🟦🟧🟨🟩🟪🟫🟬🟭🟮🟯🟰🟱🟲🟳🟴🟵🟶🟷🟸🟹🟺🟻🟼🟽🟾🟿🤀🤁🤂🤃🤄🤅🤆🤇🤈🤉🤊🤋🤌🤍🤎🤏🤐🤑🤒🤓🤔🤕🤖🤗🤘🤙🤚🤛🤜🤝🤞🤟🤠🤡🤢🤣🤤🤥🤦🤧🤨🤩🤪🤫🤬🤭🤮🤯🤰🤱🤲🤳🤴🤵🤶🤷🤸🤹🤺🤻🤼🤽🤾🤿🥀🥁🥂🥃🥄🥅🥆🥇🥈🥉🥊🥋🥌🥍🥎🥏🥐🥑🥒🥓🥔🥕🥖🥗🥘🥙🥚🥛🥜🥝🥞🥟🥠🥡🥢🥣🥤🥥🥦🥧🥨🥩🥪🥫🥬🥭🥮🥯🥰🥱🥲🥳🥴🥵🥶🥷🥸🥹🥺🥻🥼🥽🥾🥿🦀🦁🦂🦃🦄🦅🦆🦇🦈🦉🦊🦋🦌🦍🦎🦏🦐🦑🦒🦓🦔🦕🦖🦗🦘🦙🦚🦛🦜🦝🦞🦟🦠🦡🦢🦣🦤🦥🦦🦧🦨🦩🦪🦫🦬🦭🦮🦯🦰🦱🦲🦳🦴🦵🦶🦷🦸🦹🦺🦻🦼🦽🦾🦿🧀🧁🧂🧃🧄🧅🧆🧇🧈🧉🧊🧋🧌🧍🧎🧏🧐🧑🧒🧓🧔🧕🧖🧗🧘🧙🧚🧛🧜🧝🧞🧟🧠🧡🧢🧣🧤🧥🧦🧧🧨🧩🧪🧫🧬🧭🧮🧯🧰🧱🧲🧳🧴🧵🧶🧷🧸🧹🧺🧻🧼🧽🧾🧿🨀🨁🨂🨃🨄🨅🨆🨇🨈🨉🨊🨋🨌🨍🨎🨏🨐🨑🨒🨓🨔🨕🨖🨗🨘🨙🨚🨛🨜🨝🨞🨟🨠🨡🨢🨣🨤🨥🨦🨧🨨🨩🨪🨫🨬🨭🨮🨯🨰🨱🨲🨳🨴🨵🨶🨷🨸🨹🨺🨻🨼🨽🨾🨿🩀🩁🩂🩃🩄🩅🩆🩇🩈🩉🩊🩋🩌🩍🩎🩏🩐🩑🩒🩓🩔🩕🩖🩗🩘🩙🩚🩛🩜🩝🩞🩟🩠🩡🩢🩣🩤🩥🩦🩧🩨🩩🩪🩫🩬🩭🩮🩯🩰🩱🩲🩳🩴🩵🩶🩷🩸🩹🩺🩻🩼🩽🩾🩿🪀🪁🪂🪃🪄🪅🪆🪇🪈🪉🪊🪋🪌🪍🪎🪏🪐🪑🪒🪓🪔🪕🪖🪗🪘🪙🪚🪛🪜🪝🪞🪟🪠🪡🪢🪣🪤🪥🪦🪧🪨🪩🪪🪫🪬🪭🪮🪯🪰🪱🪲🪳🪴🪵🪶🪷🪸🪹🪺🪻🪼🪽🪾🪿🫀🫁🫂🫃🫄🫅🫆🫇🫈🫉🫊🫋🫌🫍🫎🫏🫐🫑🫒🫓🫔🫕🫖🫗🫘🫙🫚🫛🫜🫝🫞🫟🫠🫡🫢🫣🫤🫥🫦🫧🫨🫩🫪🫫🫬🫭🫮🫯🫰🫱🫲🫳🫴🫵🫶🫷🫸🫹🫺🫻🫼🫽🫾🫿'"
);

CREATE TABLE 'tasks_search_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'tasks_search_content'(id INTEGER PRIMARY KEY, c0, c1);

CREATE TABLE 'tasks_search_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'tasks_search_docsize'(id INTEGER PRIMARY KEY, sz BLOB);

CREATE TABLE 'tasks_search_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

