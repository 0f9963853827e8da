/* The page through which a guest may make hypercalls. */
#ifndef HVX_HYPERCALL_PAGE_H
#define HVX_HYPERCALL_PAGE_H

/* Writes the whole page. */
void hypercall_page_fill(void *page);

#endif
