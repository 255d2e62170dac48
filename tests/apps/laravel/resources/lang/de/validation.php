<?php

return [
    'required' => ':attribute fehlt.',
    'required_without' => ':attribute fehlt.',
    'string' => ':attribute muss Text sein.',
    'boolean' => ':attribute muss wahr oder falsch sein.',
    'email' => ':attribute ist keine gültige E-Mail-Adresse.',
    'date' => ':attribute ist kein gültiges Datum.',
    'integer' => ':attribute muss eine ganze Zahl sein.',
    'regex' => ':attribute hat ein falsches Format.',
    'date_format' => ':attribute hat ein falsches Format.',
    'attributes' => [
        'booking_uid' => 'Die Buchungsnummer',
        'grund' => 'Der Grund',
        'datum' => 'Das Datum',
        'uhrzeit' => 'Die Uhrzeit',
        'dienstleistung' => 'Die Dienstleistung',
        'customer_name' => 'Der Name',
        'customer_email' => 'Die E-Mail-Adresse',
        'start' => 'Der Beginn',
    ],
];
