<?php
// Lazy objects: ghosts and proxies, passed before they are initialised (and not initialised by that), then used.
// since: 8.4

class Report
{
    public function __construct(public string $title, private int $pages = 1)
    {
        echo "made $title ";
    }

    public function pages(): int
    {
        return $this->pages;
    }
}

function passes(Report $r): Report
{
    return $r;
}

function is_lazy(Report $r): bool
{
    return (new ReflectionClass(Report::class))->isUninitializedLazyObject($r);
}

$class = new ReflectionClass(Report::class);
$ghost = $class->newLazyGhost(function (Report $r): void {
    $r->__construct('ghost', 7);
});
$proxy = $class->newLazyProxy(fn (Report $r): Report => new Report('proxy', 9));
echo json_encode([is_lazy(passes($ghost)), is_lazy(passes($proxy))]), ' ';
echo passes($ghost)->pages(), ' ', passes($proxy)->pages(), ' ';
echo json_encode([is_lazy(passes($ghost)), is_lazy(passes($proxy))]), "\n";
$failing = $class->newLazyGhost(function (Report $r): void {
    throw new DomainException('cannot be made');
});
try {
    echo $failing->title;
} catch (DomainException $e) {
    echo $e->getMessage(), ' ', json_encode(is_lazy($failing)), "\n";
}
