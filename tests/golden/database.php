<?php
// PDO and SQLite3 with functions of the application called from SQL, fetched into classes, in a transaction that fails.
// ini: error_reporting=24575

class Row
{
    public int $id;
    public string $name;

    public function __construct(public string $made = 'row')
    {
    }

    public function label(): string
    {
        return "{$this->id}:{$this->name}";
    }
}

function reversed(string $s): string
{
    return strrev($s);
}

function stores(PDO $db, int $id, string $name): int
{
    $insert = $db->prepare('INSERT INTO t VALUES (?, reversed(?))');
    $insert->execute([$id, $name]);
    return $insert->rowCount();
}

$db = new PDO('sqlite::memory:');
$db->sqliteCreateFunction('reversed', 'reversed', 1);
$db->exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)');
echo stores($db, 1, 'abc'), stores($db, 2, 'def'), ' ';
foreach ($db->query('SELECT * FROM t ORDER BY id', PDO::FETCH_CLASS, Row::class, ['made']) as $row) {
    echo $row->label(), ' ';
}
try {
    $db->beginTransaction();
    stores($db, 1, 'again');
} catch (PDOException $e) {
    $db->rollBack();
    echo $e->getCode(), "\n";
}
