#!/bin/sh
# mod_fcgid starts this; .htaccess cannot tell a program where its configuration is.
FHIR_AUTH_CONF=/home/fhir/fhir-auth/fhir-auth.conf
export FHIR_AUTH_CONF
exec /home/fhir/fhir-auth/fcgi-authorizer
