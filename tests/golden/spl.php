<?php
// SPL structures that call back: heaps, priority queues, SplObjectStorage's getHash, SplQueue, ArrayObject's sort.
// ini: error_reporting=24575

class Longest extends SplHeap
{
    protected function compare(mixed $a, mixed $b): int
    {
        return strlen($a) <=> strlen($b);
    }
}

class Urgent extends SplPriorityQueue
{
    public function compare(mixed $a, mixed $b): int
    {
        return $b <=> $a;
    }
}

class ByName extends SplObjectStorage
{
    public function getHash(object $o): string
    {
        return $o->name;
    }
}

function drain(iterable $it): string
{
    $out = '';
    foreach ($it as $item) {
        $out .= $item . ',';
    }
    return $out;
}

$heap = new Longest();
foreach (['aa', 'a', 'aaa'] as $s) {
    $heap->insert($s);
}
$queue = new Urgent();
$queue->insert('late', 9);
$queue->insert('soon', 1);
$named = new ByName();
$named->attach((object) ['name' => 'x']);
$named->attach((object) ['name' => 'x']);
$list = new ArrayObject([3, 1, 2]);
$list->uasort(fn (int $a, int $b): int => $a <=> $b);
echo drain($heap), ' ', drain($queue), ' ', count($named), ' ', drain($list), ' ', drain(new SplFixedArray(1)), "\n";
