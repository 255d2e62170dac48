<?php
// __call, __callStatic, __get, __set, __isset, __unset, __invoke, __toString, __debugInfo, __set_state, __clone.

class Magic
{
    public array $data = ['n' => 1];

    public function __call(string $name, array $args): string
    {
        return "$name(" . implode(',', $args) . ')';
    }

    public static function __callStatic(string $name, array $args): string
    {
        return "::$name(" . implode(',', $args) . ')';
    }

    public function &__get(string $name): mixed
    {
        return $this->data[$name];
    }

    public function __set(string $name, mixed $value): void
    {
        $this->data[$name] = $value;
    }

    public function __isset(string $name): bool
    {
        return isset($this->data[$name]);
    }

    public function __unset(string $name): void
    {
        unset($this->data[$name]);
    }

    public function __toString(): string
    {
        return json_encode($this->data);
    }

    public function __debugInfo(): array
    {
        return ['debug' => count($this->data)];
    }

    public static function __set_state(array $from): static
    {
        $made = new static();
        $made->data = $from['data'];
        return $made;
    }

    public function __clone(): void
    {
        $this->data['cloned'] = true;
    }
}

$m = new Magic();
echo $m->anything(1, 2), Magic::nothing(3), $m->n, ' ';
$m->list = [];
$m->list[] = 5;
echo isset($m->list, $m->n), var_export(isset($m->none), true), ' ';
unset($m->n);
echo "$m ", strlen($m), ' ', str_replace("\n", '', print_r($m, true)), ' ';
eval('$copy = ' . var_export($m, true) . ';');
$clone = clone $copy;
echo $clone, ' ', call_user_func([$m, 'called'], 'x'), "\n";
