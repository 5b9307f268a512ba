/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single paths and subtrees of the host put at the same place of the image;
 * see scan.h. Links are followed by hand so that every one on the way gets
 * into the image (the merged /usr: /lib, /lib64, /bin, /sbin).
 */
#include "host/image/scan.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/common/xalloc.h"
#include "host/image/policy.h"
#include "host/image/scan_node.h"

enum { MAX_LINKS = 40 };

struct walk {
    struct tree_node *root;
    struct tree_node *at;
    char here[PATH_MAX]; /* host path of `at`, "" for the root */
    char rest[PATH_MAX]; /* still to go */
    int nr_links;
};

static bool take_component(struct walk *w, char name[256])
{
    size_t skip = strspn(w->rest, "/");
    size_t len = strcspn(w->rest + skip, "/");

    if (len == 0 || len > 255)
        return false;
    memcpy(name, w->rest + skip, len);
    name[len] = '\0';
    memmove(w->rest, w->rest + skip + len, strlen(w->rest + skip + len) + 1);
    return true;
}

static void go_up(struct walk *w)
{
    char *slash = strrchr(w->here, '/');

    if (slash)
        *slash = '\0';
    w->at = w->at->parent;
}

static bool follow_link(struct walk *w, const char *target)
{
    char rest[PATH_MAX];
    int n = snprintf(rest, sizeof(rest), "%s/%s", target, w->rest);

    if (n < 0 || n >= PATH_MAX || ++w->nr_links > MAX_LINKS)
        return false;
    memcpy(w->rest, rest, (size_t)n + 1);
    if (target[0] == '/') {
        w->at = w->root;
        w->here[0] = '\0';
    }
    return true;
}

/* The child called name of where we are, added from the host if it is new. */
static struct tree_node *step(struct scan *s, struct walk *w, const char *name,
                              char path[PATH_MAX])
{
    struct tree_node *node = tree_child(s->tree, w->at, name);
    int n = snprintf(path, PATH_MAX, "%s/%s", w->here, name);
    struct stat st;

    if (n < 0 || n >= PATH_MAX)
        return NULL;
    if (node)
        return node;
    if (lstat(path, &st) < 0) {
        inputs_add_absent(s->inputs, path);
        return NULL;
    }
    if (S_ISREG(st.st_mode) && access(path, R_OK) < 0) {
        inputs_add(s->inputs, path, &st);
        return NULL;
    }
    node = scan_node_add(s->tree, w->at, name, path, &st);
    if (S_ISDIR(st.st_mode))
        node->inode->mtime_s = node->inode->mtime_ns = 0;
    if (S_ISDIR(st.st_mode) ? policy_watch_whole(path)
                            : !policy_watch_whole(w->here))
        inputs_add(s->inputs, path, &st);
    return node;
}

enum scan_found scan_path(struct scan *s, const char *path)
{
    struct walk w = {.root = s->tree->root, .at = s->tree->root};
    char name[256], at[PATH_MAX] = "";

    if (snprintf(w.rest, sizeof(w.rest), "%s", path) >= PATH_MAX)
        return SCAN_NOTHING;
    while (take_component(&w, name)) {
        struct tree_node *node;

        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0) {
            go_up(&w);
            continue;
        }
        node = step(s, &w, name, at);
        if (!node)
            return SCAN_NOTHING;
        if (S_ISLNK(node->inode->mode)) {
            if (!follow_link(&w, node->inode->target))
                return SCAN_NOTHING;
            continue;
        }
        if (!S_ISDIR(node->inode->mode))
            return w.rest[strspn(w.rest, "/")] ? SCAN_NOTHING : SCAN_FILE;
        w.at = node;
        memcpy(w.here, at, sizeof(w.here));
    }
    return SCAN_DIR;
}

void scan_subtree(struct scan *s, const char *path)
{
    struct stat st;
    struct dirent *entry;
    DIR *dir;

    if (scan_path(s, path) != SCAN_DIR || lstat(path, &st) < 0 ||
        !S_ISDIR(st.st_mode) || !(dir = opendir(path)))
        return;
    inputs_add(s->inputs, path, &st);
    while ((entry = readdir(dir))) {
        char *child;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        child = xasprintf("%s/%s", path, entry->d_name);
        if (scan_path(s, child) == SCAN_DIR)
            scan_subtree(s, child);
        free(child);
    }
    closedir(dir);
}
