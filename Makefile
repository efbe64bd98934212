# fhir-auth.  Verbs: all demo test lint bench fuzz install clean; see README.md.
#   MODE=release (default, hardened, into build/), MODE=asan (sanitizers, into build/asan/) or
#   MODE=fuzz (clang's libFuzzer with them, into build/fuzz/; make fuzz FUZZ_SECONDS=60)
#   CC=gcc or clang; WERROR=1 makes warnings errors; V=1 shows commands

MODE   ?= release
BUILD  ?= build
PREFIX ?= /usr/local
PYTHON ?= /usr/bin/python3
OUT    := $(if $(filter release,$(MODE)),$(BUILD),$(BUILD)/$(MODE))
OBJ    := $(BUILD)/obj-$(MODE)-$(notdir $(CC))
Q      := $(if $(V),,@)
COMMA  := ,

CLANG := $(findstring clang,$(shell $(CC) --version))
WARN  := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
         -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla \
         $(if $(CLANG),,-Wlogical-op -Wduplicated-cond) $(if $(WERROR),-Werror)
has    = $(shell $(CC) $(1) -Werror -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(1))
ifneq ($(filter asan fuzz,$(MODE)),)
LINK  := -fsanitize=address,undefined$(if $(filter fuzz,$(MODE)),$(COMMA)fuzzer-no-link)
HARD  := -O1 -g -fno-omit-frame-pointer $(LINK) -fno-sanitize-recover=undefined
else
HARD  := -O2 -g -fstack-protector-strong -fstack-clash-protection -fPIE -U_FORTIFY_SOURCE \
         -D_FORTIFY_SOURCE=3 $(call has,-fcf-protection=full) $(call has,-ftrivial-auto-var-init=zero)
LINK  := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
endif
CPPFLAGS += -D_GNU_SOURCE -Ishared -Ifcgi-authorizer -Itoken-endpoint
ALL_CFLAGS = -std=c11 $(HARD) $(WARN) $(CFLAGS)
LIBS   := -lfcgi -lcrypto -lcjson -lsqlite3 -linih -lpthread

obj     = $(patsubst %.c,$(OBJ)/%.o,$(1))
TABLES := $(BUILD)/gen/fhir_tables.c
SHARED := $(call obj,$(wildcard shared/*.c) $(TABLES))
# What is pure in a program is linked into other programs and tests too; its main.c is not.
CORE   := $(call obj,$(filter-out %/main.c,$(wildcard fcgi-authorizer/*.c token-endpoint/*.c \
          authctl/doctor_*.c)))
CTL    := $(call obj,$(filter-out authctl/doctor_%,$(wildcard authctl/*.c)))
PROGRAMS := $(OUT)/fcgi-authorizer $(OUT)/token-endpoint $(OUT)/fhir-authctl
FUZZ   := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
UNIT   := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(wildcard tests/unit/*.c)) \
          $(FUZZ:%=$(OUT)/unit/test_corpus_%)

all: $(PROGRAMS)
unit: $(UNIT)
fuzzers: $(FUZZ:%=$(OUT)/fuzz_%)

$(TABLES): shared/fhir/tables.awk $(wildcard shared/fhir/r*)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  GEN $@")
	$(Q)LC_ALL=C awk -f $^ >$@

$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC $<")
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/lib.a: $(SHARED) $(CORE)
	$(Q)rm -f $@ && ar rcs $@ $^

$(OUT)/fcgi-authorizer: $(OBJ)/fcgi-authorizer/main.o $(OBJ)/lib.a
$(OUT)/token-endpoint: $(OBJ)/token-endpoint/main.o $(OBJ)/lib.a
$(OUT)/fhir-authctl: $(CTL) $(OBJ)/lib.a
$(PROGRAMS):
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS)
$(OUT)/unit/%: $(OBJ)/tests/unit/%.o $(OBJ)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka
$(OUT)/unit/test_corpus_%: $(OBJ)/tests/fuzz/fuzz_%.o $(OBJ)/tests/fuzz/replay.o $(OBJ)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka
$(OUT)/bench/%: $(OBJ)/tests/bench/%.o $(OBJ)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS)
$(OUT)/fuzz_%: $(OBJ)/tests/fuzz/fuzz_%.o $(OBJ)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

DEPS_BUILD := gcc make libc6-dev libfcgi-dev libssl-dev libcjson-dev libcurl4-openssl-dev \
              libsqlite3-dev libinih-dev
DEPS_RUN   := lighttpd lighttpd-mod-openssl lighttpd-modules-lua apache2 libapache2-mod-fcgid \
              nginx-light spawn-fcgi \
              openssl curl ca-certificates python3
DEPS_TEST  := libcmocka-dev sqlite3 procps apache2-utils python3-pytest python3-requests python3-jwcrypto \
              python3-cryptography
DEPS_BENCH := wrk valgrind
DEPS_PEERS := libapache2-mod-auth-openidc libapache2-mod-oauth2 glewlwyd
DEPS_FUZZ  := clang libclang-rt-dev
DEPS_LINT  := clang clang-format clang-tidy cppcheck mandoc

deps:
	@tests/install-deps.sh $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST)

# The recipes call make again: what deps installs must be there before anything is compiled.
demo: deps
	@$(MAKE) --no-print-directory -j2 all
	@tests/demo/demo.sh

test: deps
	@$(MAKE) --no-print-directory -j2 all
	@$(MAKE) --no-print-directory -j2 MODE=asan all unit
	@tests/run-unit.sh $(BUILD)/asan/unit
	@$(PYTHON) -m pytest -q tests/integration

# One line a figure: name value unit.  BENCH=WORD: only those whose names hold it.  A peer that is not
# there is skipped, and its line says so; npm's oidc-provider is used where npm is.
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
bench:
	@tests/install-deps.sh $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST) $(DEPS_BENCH) >&2
	@tests/install-deps.sh $(DEPS_PEERS) >&2 || echo "bench: not all peers can be installed" >&2
	@$(MAKE) --no-print-directory -j2 MODE=release all $(BENCHES) >&2
	@$(PYTHON) tests/bench/bench.py $(BENCH)

FUZZ_SECONDS ?= 60
fuzz:
	@tests/install-deps.sh $(DEPS_BUILD) $(DEPS_FUZZ)
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzzers
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

lint:
	@tests/install-deps.sh $(DEPS_BUILD) $(DEPS_TEST) $(DEPS_LINT)
	@tests/lint.sh

install: all
	install -d $(DESTDIR)$(PREFIX)/lib/fhir-auth $(DESTDIR)$(PREFIX)/sbin \
	  $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 0755 build/fcgi-authorizer build/token-endpoint $(DESTDIR)$(PREFIX)/lib/fhir-auth/
	install -m 0755 build/fhir-authctl $(DESTDIR)$(PREFIX)/sbin/
	install -m 0644 shared/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 0644 */*.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	for d in conf-examples $(wildcard conf-examples/*/); do \
	  install -d $(DESTDIR)$(PREFIX)/share/doc/fhir-auth/$$d && \
	  find $$d -maxdepth 1 -type f -exec install -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/fhir-auth/$$d {} + || \
	  exit 1; \
	done

clean:
	rm -rf build

.PHONY: all unit fuzzers deps demo test lint bench fuzz install clean
.DELETE_ON_ERROR:
.SECONDARY:
