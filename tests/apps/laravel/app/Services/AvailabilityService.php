<?php

namespace App\Services;

use App\Repositories\AppointmentRepository;

class AvailabilityService
{
    private AppointmentRepository $appointments;

    public function __construct(AppointmentRepository $appointments)
    {
        $this->appointments = $appointments;
    }

    public function check(string $datum, string $uhrzeit): array
    {
        if (!$this->appointments->isTaken($datum, $uhrzeit)) {
            return ['available' => true, 'alternatives' => []];
        }
        return ['available' => false, 'alternatives' => $this->alternatives($datum, $uhrzeit, 2)];
    }

    private function alternatives(string $datum, string $uhrzeit, int $wanted): array
    {
        $taken = $this->appointments->takenOn($datum);
        $found = [];
        foreach ($this->slotsAfter($uhrzeit) as $slot) {
            if (!in_array($slot, $taken, true)) {
                $found[] = ['date' => $datum, 'time' => $slot];
            }
            if (count($found) === $wanted) {
                break;
            }
        }
        return $found;
    }

    private function slotsAfter(string $uhrzeit): \Generator
    {
        [$hour, $minute] = array_map('intval', explode(':', $uhrzeit));
        for ($at = $hour * 60 + $minute + 45; $at < 19 * 60; $at += 45) {
            yield sprintf('%02d:%02d', intdiv($at, 60), $at % 60);
        }
    }
}
