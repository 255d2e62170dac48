<?php
// Reflection: invoke, newInstanceArgs, attributes and their constructors, default values with constant expressions.

#[Attribute]
class Route
{
    public function __construct(public string $path, public array $methods = ['GET'])
    {
    }

    public function describe(): string
    {
        return implode('|', $this->methods) . ' ' . $this->path;
    }
}

class Controller
{
    public function __construct(private string $name, private int $n = 3)
    {
    }

    #[Route('/show', methods: ['GET', 'HEAD'])]
    public function show(int $id, string $format = 'json'): string
    {
        return "{$this->name} $id $format {$this->n}";
    }
}

function route(ReflectionMethod $m): Route
{
    return $m->getAttributes(Route::class)[0]->newInstance();
}

$class = new ReflectionClass('Controller');
$controller = $class->newInstanceArgs(['n' => 5, 'name' => 'c']);
$show = $class->getMethod('show');
echo route($show)->describe(), ' ', $show->invoke($controller, 7), ' ', $show->invokeArgs($controller, ['format' => 'xml', 'id' => 8]), ' ';
echo (new ReflectionFunction('route'))->invoke($show)->path, ' ', $class->newInstanceWithoutConstructor()::class, "\n";
