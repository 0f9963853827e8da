/* SPDX-License-Identifier: MIT */
/*
 * What daemons say: a line to stderr for each message, with the program's name
 * before it, or the journal's priority when stderr is the journal.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

/* syslog's numbers */
enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Messages above max are dropped. The name is kept, not copied. */
void log_init(const char *program, enum log_level max);
void log_msg(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_err(...)	log_msg(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)	log_msg(LOG_WARN, __VA_ARGS__)
#define log_info(...)	log_msg(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	log_msg(LOG_DEBUG, __VA_ARGS__)

#endif /* COMMON_LOG_H */
