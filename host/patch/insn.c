/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding with Zydis; see insn.h. Its minimal mode knows length, mnemonic
 * and raw fields, which is enough for all but one question, and fast.
 */
#include "host/patch/insn.h"

#include <Zydis/Zydis.h>

static const ZydisDecoder *decoder(bool minimal)
{
    static ZydisDecoder decoders[2];
    static bool ready;

    if (!ready) {
        for (int i = 0; i < 2; i++)
            ZydisDecoderInit(&decoders[i], ZYDIS_MACHINE_MODE_LONG_64,
                             ZYDIS_STACK_WIDTH_64);
        ZydisDecoderEnableMode(&decoders[1], ZYDIS_DECODER_MODE_MINIMAL,
                               ZYAN_TRUE);
        ready = true;
    }
    return &decoders[minimal];
}

static void classify(struct insn *in, ZydisMnemonic m)
{
    switch (m) {
    case ZYDIS_MNEMONIC_SYSCALL:
        in->is_syscall = true;
        in->is_branch = true;
        break;
    case ZYDIS_MNEMONIC_CPUID:
        in->is_cpuid = true;
        in->is_branch = true;
        break;
    case ZYDIS_MNEMONIC_JMP:
        in->is_jump = true;
        in->ends_flow = true;
        in->is_branch = true;
        break;
    case ZYDIS_MNEMONIC_RET:
        in->is_call_or_ret = true;
        in->ends_flow = true;
        in->is_branch = true;
        break;
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ:
    case ZYDIS_MNEMONIC_SYSRET:
    case ZYDIS_MNEMONIC_SYSEXIT:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_HLT:
        in->ends_flow = true;
        in->is_branch = true;
        break;
    case ZYDIS_MNEMONIC_CALL:
        in->is_call_or_ret = true;
        in->is_branch = true;
        break;
    case ZYDIS_MNEMONIC_INT:
    case ZYDIS_MNEMONIC_INT1:
    case ZYDIS_MNEMONIC_INT3:
    case ZYDIS_MNEMONIC_SYSENTER:
    case ZYDIS_MNEMONIC_ENDBR64:
    case ZYDIS_MNEMONIC_XBEGIN:
        in->is_branch = true;
        break;
    case ZYDIS_MNEMONIC_LEA:
        in->is_lea = true;
        break;
    default:
        break;
    }
}

/* mov $imm,%eax; mov $imm,%rax; xor %eax,%eax; mov %reg,%eax or %rax. */
static bool sets_rax(const ZydisDecodedInstruction *z)
{
    bool reg_form = z->raw.modrm.mod == 3;
    bool to_rax;

    if (z->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY ||
        z->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT)
        return false;
    to_rax = reg_form && z->raw.modrm.rm == 0 && !z->raw.rex.B;
    switch (z->opcode) {
    case 0xb8:
        return !z->raw.rex.B;
    case 0xc7:
    case 0x89:
        return to_rax;
    case 0x8b:
        return reg_form && z->raw.modrm.reg == 0 && !z->raw.rex.R;
    case 0x31:
    case 0x33:
        return to_rax && z->raw.modrm.reg == 0 && !z->raw.rex.R;
    default:
        return false;
    }
}

static void take_raw(struct insn *in, const ZydisDecodedInstruction *z,
                     uint64_t vaddr)
{
    uint64_t next = vaddr + z->length;

    if (z->raw.imm[0].is_relative) {
        in->is_branch = true;
        in->has_target = true;
        in->target = next + (uint64_t)z->raw.imm[0].value.s;
    } else if ((z->attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
               z->raw.modrm.mod == 0 && z->raw.modrm.rm == 5 &&
               z->raw.disp.size == 32) {
        in->is_rip_relative = true;
        in->disp_off = z->raw.disp.offset;
        in->target = next + (uint64_t)z->raw.disp.value;
    }
    if (!z->raw.imm[0].is_relative) {
        in->has_imm32 = z->raw.imm[0].size == 32;
        in->imm = in->has_imm32 ? (int32_t)z->raw.imm[0].value.u
                                : z->raw.imm[0].value.s;
    }
}

bool insn_decode(struct insn *in, const uint8_t *p, uint64_t room,
                 uint64_t vaddr)
{
    ZydisDecodedInstruction z;

    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeInstruction(decoder(true), NULL, p, room, &z)))
        return false;
    *in = (struct insn){.len = z.length};
    classify(in, z.mnemonic);
    take_raw(in, &z, vaddr);
    in->sets_rax = sets_rax(&z);
    return true;
}

static bool is_rcx(ZydisRegister reg)
{
    return reg != ZYDIS_REGISTER_NONE &&
           ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg) ==
               ZYDIS_REGISTER_RCX;
}

bool insn_uses_rcx(const uint8_t *p, unsigned len)
{
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction z;

    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder(false), p, len, &z, ops)))
        return true;
    for (unsigned i = 0; i < z.operand_count; i++) {
        if (ops[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            is_rcx(ops[i].reg.value))
            return true;
        if (ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            (is_rcx(ops[i].mem.base) || is_rcx(ops[i].mem.index)))
            return true;
    }
    return false;
}

bool insn_flags(const uint8_t *p, unsigned len, uint32_t *reads,
                uint32_t *writes)
{
    ZydisDecodedInstruction z;

    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeInstruction(decoder(false), NULL, p, len, &z)))
        return false;
    *reads = *writes = 0;
    if (z.cpu_flags) {
        *reads = z.cpu_flags->tested & INSN_STATUS_FLAGS;
        *writes = (z.cpu_flags->modified | z.cpu_flags->set_0 |
                   z.cpu_flags->set_1 | z.cpu_flags->undefined) &
                  INSN_STATUS_FLAGS;
    }
    return true;
}
