/* sources: lib/rbtree.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* Random insertions and removals; the red-black rules and the augmented
 * values must hold after each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/list.h"
#include "lib/rbtree.h"

struct item {
    struct rb_node node;
    int key;
    int weight, max_weight;
    bool in;
};

static struct item *item_of(const struct rb_node *n)
{
    return container_of(n, struct item, node);
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
    return item_of(a)->key < item_of(b)->key;
}

static int max_of(const struct rb_node *n)
{
    int max = item_of(n)->weight;

    for (int d = 0; d < 2; d++)
        if (n->child[d] && item_of(n->child[d])->max_weight > max)
            max = item_of(n->child[d])->max_weight;
    return max;
}

static void update(struct rb_node *n)
{
    item_of(n)->max_weight = max_of(n);
}

/* Black height; fails the test when a rule is broken. */
static int check(const struct rb_node *n, const struct rb_node *parent)
{
    int heights[2];

    if (!n)
        return 1;
    assert_ptr_equal(n->parent, parent);
    assert_false(n->red && parent && parent->red);
    assert_int_equal(item_of(n)->max_weight, max_of(n));
    for (int d = 0; d < 2; d++)
        heights[d] = check(n->child[d], n);
    assert_int_equal(heights[0], heights[1]);
    return heights[0] + !n->red;
}

static void check_order(const struct rb_tree *t, int count)
{
    int seen = 0;
    const struct rb_node *last = NULL;

    for (struct rb_node *n = rb_first(t); n; n = rb_next(n), seen++) {
        if (last)
            assert_true(item_of(last)->key <= item_of(n)->key);
        assert_ptr_equal(rb_prev(n), last);
        last = n;
    }
    assert_int_equal(seen, count);
    assert_ptr_equal(rb_last(t), last);
}

static void test_rbtree_random_operations(void **state)
{
    enum { N = 300, ROUNDS = 6000 };
    static struct item items[N];
    struct rb_tree tree = {.update = update};
    int count = 0;

    (void)state;
    srand(7);
    for (int i = 0; i < ROUNDS; i++) {
        struct item *it = &items[rand() % N];

        if (it->in) {
            rb_erase(&tree, &it->node);
            count--;
        } else {
            it->key = rand() % 100; /* with duplicates */
            it->weight = rand() % 1000;
            rb_insert(&tree, &it->node, less);
            count++;
        }
        it->in = !it->in;
        if (it->in && i % 3 == 0) {
            it->weight = rand() % 1000;
            rb_changed(&tree, &it->node);
        }
        assert_false(tree.root && tree.root->red);
        check(tree.root, NULL);
        if (i % 50 == 0)
            check_order(&tree, count);
    }
}

static void test_rbtree_empty(void **state)
{
    struct rb_tree tree = {0};

    (void)state;
    assert_null(rb_first(&tree));
    assert_null(rb_last(&tree));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rbtree_random_operations),
        cmocka_unit_test(test_rbtree_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
