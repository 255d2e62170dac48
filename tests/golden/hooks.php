<?php
// Property hooks: get, set, virtual, by reference, inherited; asymmetric visibility; an object with hooks as an argument.
// since: 8.4

class Person
{
    public string $first = 'Ada';
    public private(set) int $reads = 0;
    public string $full {
        get {
            $this->reads++;
            return $this->first . ' L.';
        }
        set(string $value) {
            $this->first = cut($value);
        }
    }
    public string $upper {
        get => strtoupper($this->full);
    }
    public string $stored = 'raw' {
        set => trim($value);
    }
}

class Child extends Person
{
    public string $upper {
        get => parent::$upper::get() . '*';
    }
}

function cut(string $s): string
{
    return strtok($s, ' ');
}

function sees(Person $p): int
{
    return $p->reads;
}

$p = new Child();
$p->full = 'Grace H.';
$p->stored = '  padded ';
echo $p->full, ' ', $p->upper, ' ', $p->stored, ' ', sees($p), ' ', json_encode($p), "\n";
