<?php
// DateTime and its immutable kin, extended, as arguments and results; DatePeriod in foreach.

class Appointment extends DateTimeImmutable
{
    public function plus(DateInterval $by): static
    {
        return $this->add($by);
    }
}

function week(DateTimeInterface $day): string
{
    return $day->format('o-W');
}

function days(string $from, int $n): array
{
    $found = [];
    foreach (new DatePeriod(new DateTimeImmutable($from), new DateInterval('P1D'), $n) as $day) {
        $found[] = week($day);
    }
    return $found;
}

$appointment = new Appointment('2027-03-04 15:30', new DateTimeZone('Europe/Berlin'));
echo week($appointment->plus(new DateInterval('P1W'))), ' ', implode(' ', days('2027-02-28', 1)), "\n";
