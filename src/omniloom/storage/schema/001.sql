CREATE TABLE parts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL, used REAL NOT NULL
);
CREATE TABLE readings (
    key TEXT PRIMARY KEY, part_id TEXT NOT NULL, reader TEXT NOT NULL, version INTEGER NOT NULL,
    items BLOB NOT NULL, counts TEXT NOT NULL, used REAL NOT NULL
);
CREATE INDEX readings_part ON readings (part_id);
CREATE TABLE completions (key TEXT PRIMARY KEY, completion BLOB NOT NULL, used REAL NOT NULL);
CREATE TABLE vectors (
    model TEXT NOT NULL, digest TEXT NOT NULL, vector BLOB NOT NULL, used REAL NOT NULL,
    PRIMARY KEY (model, digest)
);
CREATE TABLE traces (id TEXT PRIMARY KEY, name TEXT NOT NULL, start REAL NOT NULL, owner TEXT NOT NULL);
CREATE TABLE spans (
    number INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, operation TEXT NOT NULL,
    name TEXT NOT NULL, start REAL NOT NULL, end REAL, status TEXT NOT NULL, attributes TEXT NOT NULL,
    UNIQUE (trace_id, id)
);
CREATE TABLE responses (trace_id TEXT PRIMARY KEY, response BLOB NOT NULL);
CREATE TABLE conversations (id TEXT PRIMARY KEY, messages BLOB NOT NULL, part_ids TEXT NOT NULL, used REAL NOT NULL);
-- What was made from a part, so that forgetting the part finds it: what is completion, vector, trace or conversation.
CREATE TABLE made_from (
    part_id TEXT NOT NULL, what TEXT NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (part_id, what, key)
) WITHOUT ROWID;
CREATE INDEX made_from_key ON made_from (what, key);
